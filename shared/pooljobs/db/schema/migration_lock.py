"""Makes concurrent migrations take turns.

The turn is a lock of a transaction, on a connection of its own that does nothing else: it holds no snapshot, so that an
index can be built concurrently meanwhile, and goes with its connection; a pooler that gives sessions away by the
transaction keeps it too. Whoever waits asks again and again, for the same reason: a statement that waits for a lock has
a snapshot, and building an index would wait for that.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from psycopg import Connection, sql

from pooljobs.db.connect import connect, pinned_transaction
from pooljobs.db.session_settings import patient
from pooljobs.errors import NotMigratedError

LONGEST = 3600.0
"""Seconds to wait for others: an index may take long to build. But anybody who may connect can hold the lock."""

_PAUSE = 0.1
"""Seconds between two tries."""

_IDLE: Final = "idle_in_transaction_session_timeout = 0"
"""The turn's transaction waits for as long as a migration takes; nobody but other migrations waits for it."""


@contextmanager
def turn(dsn: str, schema: str) -> Iterator[None]:
    """Lasts from the moment when no other migration of this schema runs until the block is left.

    Raises:
        NotMigratedError: Somebody has had the turn for as long as ``LONGEST``.
    """
    deadline = time.monotonic() + LONGEST
    with connect(dsn, application_name="pooljobs migrate (turn)") as connection:
        while True:
            with pinned_transaction(connection, *patient(connection), _IDLE):
                if taken(connection, schema):
                    yield
                    return
            if time.monotonic() >= deadline:
                hint = "see who holds an advisory lock in pg_locks"
                raise NotMigratedError(
                    f"another migration of schema {schema} is not over after {LONGEST:g} s", hint=hint
                )
            time.sleep(_PAUSE)


def taken(connection: Connection[Any], schema: str) -> bool:
    """Whether the turn is had by the transaction that is open there: nobody has it, and nobody will until it ends."""
    # Without parameters: the extended protocol would keep the statement's portal, and with it a snapshot.
    ask = sql.SQL("SELECT pg_try_advisory_xact_lock(hashtextextended({}, 0))").format(f"{schema}.migrations")
    row = connection.execute(ask).fetchone()
    return bool(row and row[0])
