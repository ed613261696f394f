"""The producer's connections: a pool that opens with the first job, and gives out none that the server has closed."""

from __future__ import annotations

import select
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

from pooljobs.db.connect import with_timeouts
from pooljobs.db.dsn import describe
from pooljobs.db.hot import UTF8
from pooljobs.errors import DatabaseUnreachableError

WAIT = 10
"""Seconds to wait for a connection."""


def producer_pool(dsn: str, size: int) -> ConnectionPool[Connection[Any]]:
    """A pool of at most ``size`` connections, none of which is opened yet."""
    return ConnectionPool(
        with_timeouts(dsn),
        min_size=0,
        max_size=size,
        open=True,
        check=check_quiet,
        # Behind a pooler that gives sessions away by the transaction, what psycopg has prepared is not there the next
        # time, or is somebody else's. The one hot statement looks after itself (hot.py).
        kwargs={"application_name": "pooljobs producer", "autocommit": True, "prepare_threshold": None, **UTF8},
        reconnect_timeout=5.0,
        num_workers=1,
    )


def check_quiet(connection: Connection[Any]) -> None:
    """Asks the server whether it is still there only if the socket has something to say, such as that it is closed.

    A round trip before each job would double what storing it takes; a look at the socket costs a microsecond.

    Raises:
        OperationalError: The connection is broken; the pool then tries another.
    """
    source = select.poll()
    source.register(connection.fileno(), select.POLLIN)
    if source.poll(0):
        ConnectionPool.check_connection(connection)


def no_free_connection(dsn: str) -> DatabaseUnreachableError:
    """The error to raise where the server gives connections, and all of the pool's are in use."""
    hint = "every connection of this pool is busy: raise PoolJobs(pool_size=...)"
    return DatabaseUnreachableError(f"no free connection to {describe(dsn)} within {WAIT} s", hint=hint)
