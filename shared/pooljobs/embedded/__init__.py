"""A private PostgreSQL for those who have none: started when needed, shared, stopped by its last user.

Used by the command line and by applications when no connection string is given, and by the tests. A server that was
named by a connection string is never touched by this package.
"""

from __future__ import annotations

from pooljobs.embedded.ending import stop_unused
from pooljobs.embedded.project import default_home, default_root, left_data
from pooljobs.embedded.shared_server import EmbeddedServer, acquire

__all__ = ["EmbeddedServer", "acquire", "default_home", "default_root", "left_data", "stop_unused"]
