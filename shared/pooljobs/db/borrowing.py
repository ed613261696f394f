"""Takes connections out of a pool, and finds out why none came: a pool says only that it has waited."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import Connection
from psycopg_pool import ConnectionPool, PoolTimeout

PATIENCE = 2
"""Seconds that children wait for a connection of their pools: what they do else is not to wait for long."""


def borrow(pool: ConnectionPool[Connection[Any]], wait: int = PATIENCE) -> Connection[Any]:
    """A connection, to be given back with ``putconn``; after ``wait`` seconds one direct try tells why there is none.

    Raises:
        psycopg.OperationalError: None could be had; what the server says to that (too many connections for a role, a
            database that takes none), or that nobody answered within ``wait`` seconds more.
        psycopg_pool.PoolTimeout: All of the pool's are in use.
    """
    try:
        return pool.getconn(timeout=wait)
    except PoolTimeout:
        dsn = pool.conninfo
        assert isinstance(dsn, str)
        psycopg.connect(dsn, connect_timeout=wait).close()
        raise
