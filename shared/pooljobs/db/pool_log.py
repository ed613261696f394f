"""Keeps pooljobs' own pools out of the log of psycopg's pools, which has a line for each failed try: sessions say once
that the database is away. What the application's own pools have to say is told as ever.
"""

from __future__ import annotations

import logging
from typing import Final

from psycopg import Connection

from pooljobs.db.naming_cursor import NamingCursor

LOGGER: Final = "psycopg.pool"


class OwnPools(logging.Filter):
    """Passes over what is about one of the pools with these names, or a thread, a connection or a task of theirs."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is told."""
        told = record.args.values() if isinstance(record.args, dict) else record.args or ()
        return not any(self._is_own(value) for value in told)

    def _is_own(self, value: object) -> bool:
        if isinstance(value, Connection):
            return value.cursor_factory is NamingCursor
        if type(value).__module__.startswith("psycopg_pool"):  # a task, whose text has its pool's name in quotes
            return any(repr(name) in str(value) for name in self.names)
        return isinstance(value, str) and value.startswith(tuple(self.names))


def keep_out(name: str) -> None:
    """Has nothing told of the pool with this name in this process."""
    logger = logging.getLogger(LOGGER)
    own = next((known for known in logger.filters if isinstance(known, OwnPools)), None)
    if own is None:
        own = OwnPools()
        logger.addFilter(own)
    own.names.add(name)
