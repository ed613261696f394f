"""What an application enqueues on, in one process: a producer, and the embedded server where no other was named."""

from __future__ import annotations

from contextlib import ExitStack
from logging import getLogger
from typing import Final

from pooljobs.db.database import open_database
from pooljobs.db.store.producer import Producer

_log: Final = getLogger("pooljobs.embedded")


class ProducerBackend:
    """Finds the database and makes the producer, which connects when the first job is stored. Where nobody has named a
    database, a warning is logged that says where the jobs go instead.

    Args:
        dsn: libpq connection string, or None to look it up.
        schema: Schema that holds pooljobs' tables.
        pool_size: Most connections open at once.
        wait: Seconds for which to wait for one.

    Raises:
        OptionError: The connection string is none.
        RefusedError: No connection string was found, and a service manager runs this process.
        EmbeddedError: No connection string was found, and the embedded server cannot be had.
    """

    def __init__(self, dsn: str | None, schema: str, pool_size: int, wait: float) -> None:
        with ExitStack() as opened:
            database = opened.enter_context(open_database(dsn, schema=schema, source="PoolJobs(dsn=…)"))
            for told in ([database.note] if database.warning else []) + list(database.left):
                _log.warning("%s", told)
            self.producer = Producer(database.dsn, schema, pool_size, wait)
            opened.callback(self.producer.close)
            self._opened = opened.pop_all()

    def close(self) -> None:
        """Close the connections, then leave the embedded server, which ends with its last user."""
        self._opened.close()
