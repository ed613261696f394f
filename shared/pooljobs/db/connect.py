"""Opens connections: one for a command, and the pool of a child process, with the planner pinned."""

from __future__ import annotations

import logging
from typing import Any

import psycopg
from psycopg import Connection
from psycopg_pool import ConnectionPool

from pooljobs.db.arrays import register_arrays
from pooljobs.db.dsn import describe
from pooljobs.db.faults import unreachable
from pooljobs.errors import DatabaseUnsupportedError

OLDEST = 14
"""The oldest major version of PostgreSQL that works: older ones lack multi-minmax block range indexes."""

CONNECT_TIMEOUT = 10
"""Seconds to wait for a server that does not answer at all, unless the DSN says otherwise."""

PINNED = (
    # One generic plan for each statement, the same whatever the statistics say: they are stale just when it matters,
    # after a bulk load into an empty table.
    "plan_cache_mode = force_generic_plan",
    "enable_seqscan = off",
    "enable_bitmapscan = off",
    "enable_hashjoin = off",
    "enable_mergejoin = off",
    "jit = off",
    "search_path = pg_catalog, pg_temp",
    "timezone = 'UTC'",
    "default_transaction_isolation = 'read committed'",
)


def connect(dsn: str, *, application_name: str = "pooljobs") -> Connection[Any]:
    """One autocommit connection, for a command.

    Raises:
        DatabaseUnreachableError: Nobody answered, or we were refused.
        DatabaseUnsupportedError: The server is older than PostgreSQL 14.
    """
    try:
        connection = psycopg.connect(
            with_timeout(dsn), autocommit=True, application_name=application_name, fallback_application_name=None
        )
    except psycopg.OperationalError as error:
        raise unreachable(error, describe(dsn)) from None
    check_version(connection)
    register_arrays(connection)
    return connection


def check_version(connection: Connection[Any]) -> None:
    """Raises DatabaseUnsupportedError if the server is too old; the connection is closed then."""
    version = connection.info.server_version // 10000
    if version < OLDEST:
        connection.close()
        hint = f"pooljobs runs on PostgreSQL {OLDEST} and later"
        raise DatabaseUnsupportedError(f"the server is PostgreSQL {version}", hint=hint)


def with_timeout(dsn: str) -> str:
    """The DSN with a connect timeout, so that nothing hangs on a host that swallows packets."""
    parts = psycopg.conninfo.conninfo_to_dict(dsn)
    parts.setdefault("connect_timeout", CONNECT_TIMEOUT)
    return psycopg.conninfo.make_conninfo("", **parts)


def pin(connection: Connection[Any]) -> None:
    """Prepares a child's connection: autocommit, pinned plans, the binary arrays."""
    connection.autocommit = True
    for setting in PINNED:
        connection.execute(f"SET {setting}".encode())
    register_arrays(connection)


def pin_relaxed(connection: Connection[Any]) -> None:
    """As ``pin``, for a session whose commits do not wait for the disk: a server crash may undo the last of them."""
    pin(connection)
    connection.execute("SET synchronous_commit = off")


def child_pool(dsn: str, *, size: int, application_name: str, relaxed: bool = False) -> ConnectionPool[Connection[Any]]:
    """A child's pool of ``size`` connections, opened empty: connections come when they are asked for.

    ``relaxed`` sessions commit without waiting for the disk. The pool's own log, a line for each failed try, is
    silenced: sessions say once that the database is away.
    """
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)
    return ConnectionPool(
        with_timeout(dsn),
        min_size=0,
        max_size=size,
        open=True,
        configure=pin_relaxed if relaxed else pin,
        kwargs={"application_name": application_name, "autocommit": True},
        name=application_name,
        num_workers=1,
        max_idle=3600.0,
        reconnect_timeout=5.0,
    )
