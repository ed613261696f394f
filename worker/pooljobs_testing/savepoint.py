"""A run in a transaction of the test's, on whose connection the handler may be too, as in Django's ``TestCase``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Connection
from psycopg.pq import TransactionStatus


def not_broken() -> bool:
    """Of no framework."""
    return False


@contextmanager
def apart(connection: Connection[Any], forget_broken: Callable[[], bool] = not_broken) -> Iterator[None]:
    """Around a run: what the database refuses the handler does not break the transaction for all that follows. What the
    handler wrote there is gone then. Outside a transaction it does nothing.

    Args:
        connection: Where jobs are claimed and settled.
        forget_broken: Whether a framework takes the transaction for broken, which it is to forget.
    """
    if _status(connection) != TransactionStatus.INTRANS:
        yield
        return
    connection.execute("SAVEPOINT pooljobs_run")
    try:
        yield
    finally:
        if forget_broken() or _status(connection) == TransactionStatus.INERROR:
            connection.execute("ROLLBACK TO SAVEPOINT pooljobs_run")
        if _status(connection) == TransactionStatus.INTRANS:
            connection.execute("RELEASE SAVEPOINT pooljobs_run")


def _status(connection: Connection[Any]) -> TransactionStatus:
    return connection.info.transaction_status
