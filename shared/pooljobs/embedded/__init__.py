"""A private PostgreSQL on a directory: programs from a wheel or the system, started and stopped by us.

Everything that finds no DSN uses it through ``acquire``: the commands, the application, the tests.
"""

from __future__ import annotations

from pooljobs.embedded.location import default_root
from pooljobs.embedded.server import EmbeddedServer, acquire

__all__ = ["EmbeddedServer", "acquire", "default_root"]
