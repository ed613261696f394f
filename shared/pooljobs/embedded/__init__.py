"""A private PostgreSQL for those who have none: started when needed, shared, stopped by its last user.

Used by the command line and by applications when no connection string is given, and by the tests. A server that was
named by a connection string is never touched by this package.
"""

from __future__ import annotations

from pooljobs.embedded.location import default_root
from pooljobs.embedded.shared_server import EmbeddedServer, acquire, stop_unused

__all__ = ["EmbeddedServer", "acquire", "default_root", "stop_unused"]
