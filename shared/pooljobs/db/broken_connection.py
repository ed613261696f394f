"""Tells psycopg's own surprise at a connection that broke from other errors: an outage, as any other loss of it.

A pooler reports that its server's session has ended, and hangs up. Libpq then has two results where psycopg unpacks
one: at a BEGIN or COMMIT it says InternalError ("received 2 results"), at the beginning of a COPY ProgrammingError
("COPY cannot be mixed with other operations"), at its end ValueError ("too many values to unpack").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection, Connection

_SURPRISE: Final[tuple[type[Exception], ...]] = (psycopg.InternalError, psycopg.ProgrammingError)


@contextmanager
def cut_off(
    connection: Connection[Any] | AsyncConnection[Any],
    *more: type[Exception],
    unless: Callable[[], bool] = lambda: False,
) -> Iterator[None]:
    """Inside the block such an error, or one of ``more``, is an OperationalError if the connection is broken.

    ``unless``: whether code of somebody else's was running, whose errors are its own.
    """
    try:
        yield
    except _SURPRISE + more as error:
        if unless() or not connection.broken:
            raise
        raise psycopg.OperationalError(f"the connection was lost: {error}") from error
