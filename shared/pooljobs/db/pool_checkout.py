"""Takes connections out of a child's pool, and finds out why none came: a pool says only that it has waited."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import Connection
from psycopg_pool import ConnectionPool, PoolTimeout

TIMEOUT = 2
"""Seconds to wait for a connection of the pool, and for the one try that tells why there is none."""


def borrow(pool: ConnectionPool[Connection[Any]]) -> Connection[Any]:
    """A connection, to be given back with ``putconn``; if none comes, one direct try tells why.

    Raises:
        psycopg.OperationalError: None could be had; what the server says to that (too many connections for a role, a
            database that takes none), or that nobody answered.
        psycopg_pool.PoolTimeout: All of the pool's are in use.
    """
    try:
        return pool.getconn(timeout=TIMEOUT)
    except PoolTimeout:
        dsn = pool.conninfo
        assert isinstance(dsn, str)
        psycopg.connect(dsn, connect_timeout=TIMEOUT).close()
        raise
