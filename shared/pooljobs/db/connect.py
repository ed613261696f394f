"""Opens connections: one for a command, and the pool of a child process, with the planner pinned.

What sessions are set to: ``session_settings.py``. Names in statements are looked up in pg_catalog alone: what others
may create in ``public``, or in a schema of the user's name, is never called. A child's session is fixed for good. A
command may come through a pooler, whose sessions are other programs' next, so it fixes each of its transactions.
Producers do neither: what they run, and what runs on connections of applications, has a schema on every name.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import Connection

from pooljobs.db.dsn import describe
from pooljobs.db.error_classes import unreachable
from pooljobs.db.naming_cursor import NamingCursor
from pooljobs.db.pool_log import keep_out
from pooljobs.db.session_settings import CLOSED_PATH, NEEDED, PINNED, patient
from pooljobs.db.wire.arrays import register_arrays
from pooljobs.db.wire.prepared import UTF8
from pooljobs.errors import DatabaseUnsupportedError

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool

OLDEST = 14
"""The oldest major version of PostgreSQL that works: older ones lack multi-minmax block range indexes."""

CONNECT_TIMEOUT = 10
"""Seconds to wait for a server that does not answer at all, unless the DSN says otherwise."""

SILENCE = 30.0
"""Seconds after which a connection whose other side has vanished counts as broken, where nobody knows better."""

LEAST_SILENCE, MOST_SILENCE = 5.0, 60.0
"""Within these bounds it follows the lease: a lost packet or two must not cut a connection, nor may it take hours."""


def connect(dsn: str, *, application_name: str = "pooljobs") -> Connection[Any]:
    """One autocommit connection, for a command; ``pinned_transaction`` is for what it runs.

    Raises:
        DatabaseUnreachableError: Nobody answered, or we were refused.
        DatabaseUnsupportedError: The server is older than PostgreSQL 14.
    """
    try:
        connection = psycopg.connect(
            with_timeouts(dsn),
            autocommit=True,
            prepare_threshold=None,  # a pooler's sessions are others' too, and a command runs few statements twice
            application_name=application_name,
            fallback_application_name=None,
            client_encoding=UTF8["client_encoding"],
        )
    except psycopg.Error as error:
        raise unreachable(error, describe(dsn)) from error
    check_version(connection)
    register_arrays(connection)
    return connection


@contextmanager
def pinned_transaction(connection: Connection[Any], *settings: str) -> Iterator[None]:
    """A transaction of READ COMMITTED with the settings that we need, and further ones; none outlives it."""
    with connection.transaction():
        needed = (*NEEDED, "transaction_isolation = 'read committed'", *settings)
        connection.execute("; ".join(f"SET LOCAL {setting}" for setting in needed).encode())
        yield


def close_path(connection: Connection[Any]) -> None:
    """Fixes the path of a session that is ours alone, to its end."""
    connection.execute(f"SET {CLOSED_PATH}".encode())


def close_path_meanwhile(connection: Connection[Any]) -> None:
    """Fixes the path of the transaction under way: a pooler's session is somebody else's afterwards."""
    connection.execute(f"SET LOCAL {CLOSED_PATH}".encode())


def check_version(connection: Connection[Any]) -> None:
    """Raises DatabaseUnsupportedError if the server is too old; the connection is closed then."""
    version = connection.info.server_version // 10000
    if version < OLDEST:
        connection.close()
        hint = f"pooljobs runs on PostgreSQL {OLDEST} and later"
        raise DatabaseUnsupportedError(f"the server is PostgreSQL {version}", hint=hint)


def with_timeouts(dsn: str, silence: float = SILENCE) -> str:
    """The DSN with what makes TCP notice a server or a network that is gone without a goodbye.

    Without it a connection on which an answer is awaited lives on for hours, and one on which something was sent for a
    quarter of an hour. Any of the settings that the DSN has itself stays as it is. libpq ignores them on a Unix socket.

    Args:
        dsn: libpq connection string.
        silence: Seconds without a sign from the other side's kernel after which the connection is broken.
    """
    bounded = min(max(silence, LEAST_SILENCE), MOST_SILENCE)
    parts: dict[str, Any] = {
        "connect_timeout": CONNECT_TIMEOUT,
        "keepalives_idle": max(1, round(bounded / 3)),
        "keepalives_interval": max(1, round(bounded / 6)),
        "keepalives_count": 4,
        "tcp_user_timeout": round(bounded * 1000),
        **psycopg.conninfo.conninfo_to_dict(dsn),
    }
    return psycopg.conninfo.make_conninfo("", **parts)


def pin(connection: Connection[Any]) -> None:
    """Prepares a child's connection: autocommit, pinned plans, the binary arrays. One round trip, with a time limit."""
    connection.autocommit = True
    with cut_after(connection, CONNECT_TIMEOUT):
        connection.execute("; ".join(f"SET {setting}" for setting in (*PINNED, *patient(connection))).encode())
    register_arrays(connection)


def pin_relaxed(connection: Connection[Any]) -> None:
    """As ``pin``, for a session whose commits do not wait for the disk: a server crash may undo the last of them."""
    pin(connection)
    connection.execute("SET synchronous_commit = off")


@contextmanager
def cut_after(connection: Connection[Any], seconds: float) -> Iterator[None]:
    """Shuts the connection's socket if the block takes longer: what waits there fails as with a broken connection.

    For what the pool's one thread does with a new connection: if that hung, there would never be another one.
    """
    timer = threading.Timer(seconds, _cut, (connection.pgconn.socket,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _cut(descriptor: int) -> None:
    with suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as other_side:
        other_side.shutdown(socket.SHUT_RDWR)


def worker_application_name(ordinal: int, pid: int) -> str:
    """What a worker's connections are called in ``pg_stat_activity``: its steward finds them by it after its death.

    For example ``pooljobs worker-3 (pid 4711)``; well under the 63 bytes that PostgreSQL keeps.
    """
    return f"pooljobs worker-{ordinal} (pid {pid})"


def child_pool(
    dsn: str, *, size: int, application_name: str, silence: float = SILENCE, relaxed: bool = False
) -> ConnectionPool[Connection[Any]]:
    """A child's pool of ``size`` connections, opened empty: connections come when they are asked for.

    ``silence`` is as for ``with_timeouts``: the lease, so that a vanished server is noticed before the lease matters.
    ``relaxed`` sessions commit without waiting for the disk.
    """
    from psycopg_pool import ConnectionPool  # no command has one

    keep_out(application_name)
    return ConnectionPool(
        with_timeouts(dsn, silence),
        min_size=0,
        max_size=size,
        open=True,
        configure=pin_relaxed if relaxed else pin,
        kwargs={"application_name": application_name, "autocommit": True, "cursor_factory": NamingCursor, **UTF8},
        name=application_name,
        num_workers=1,
        max_idle=3600.0,
        reconnect_timeout=5.0,
    )
