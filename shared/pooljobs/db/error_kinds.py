"""Which errors of PostgreSQL are an outage, by SQLSTATE: one table. Asked by whoever may wait and try again."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType
from typing import Final

import psycopg


class ErrorKind(Enum):
    """What to do about an error of the database.

    AWAY: It is an outage. The server, or the way to it, is gone, or nobody's writes are taken: wait, and connect again.
    AGAIN: The statement met another one. Nothing is wrong: try again.
    REFUSED: This statement was refused, on a server that is there. Another try may pass; it is told as what it is.
    MISUSE: psycopg itself could not do as it was told: a bug of its caller.
    """

    AWAY = auto()
    AGAIN = auto()
    REFUSED = auto()
    MISUSE = auto()


KINDS: Final[Mapping[str, ErrorKind]] = MappingProxyType(
    {
        "08": ErrorKind.AWAY,  # the connection broke, or a pooler has none for us (08P01)
        "25006": ErrorKind.AWAY,  # read-only: a standby, or a server that is failed over
        "25P03": ErrorKind.AWAY,  # a session that the server has ended: idle in a transaction
        "25P04": ErrorKind.AWAY,  # the same: a transaction that took too long
        "40001": ErrorKind.AGAIN,  # a serialization failure
        "40P01": ErrorKind.AGAIN,  # a deadlock
        "53100": ErrorKind.AWAY,  # the disk is full: nobody writes
        "53300": ErrorKind.AWAY,  # too many connections
        "55P03": ErrorKind.AGAIN,  # somebody's lock, for longer than lock_timeout
        "57P": ErrorKind.AWAY,  # the server shuts down, starts, crashed, or has ended this session
        "58000": ErrorKind.AWAY,  # the server's own system fails it
        "58030": ErrorKind.AWAY,  # the same: input and output
    }
)
"""By the beginning of the SQLSTATE; what has no row is REFUSED. Of those that may look like an outage and have none:

53200 (out of memory) and 53400 (more temporary files than a session may have) concern one statement, as do 55000 (a
table that is published without replica identity), 57014 (it was cancelled, or took too long) and 58P01 (an extension's
library is missing). 42501 is a missing privilege: others work on.
"""

_LOST: Final = (psycopg.OperationalError, psycopg.InterfaceError)
"""Without a SQLSTATE these are of the client: no connection, or none any more. Errors of pools are among them."""


def kind_of(error: psycopg.Error) -> ErrorKind:
    """The kind of an error; one with which the server ends the session is an outage whatever its SQLSTATE."""
    state = error.sqlstate
    if unanswered(error) or ended_session(error):
        return ErrorKind.AWAY
    if state is None:
        return ErrorKind.MISUSE
    return next((KINDS[state[:length]] for length in (5, 3, 2) if state[:length] in KINDS), ErrorKind.REFUSED)


def unanswered(error: psycopg.Error) -> bool:
    """Whether it is of the client: there is no connection, or none any more."""
    return error.sqlstate is None and isinstance(error, _LOST)


def ended_session(error: psycopg.Error) -> bool:
    """Whether the server has ended the session with it, whatever the reason."""
    return error.diag.severity_nonlocalized in ("FATAL", "PANIC")


def passes(error: BaseException) -> bool:
    """Whether it is an error that passes by itself: an outage, or a statement that met another one."""
    return isinstance(error, psycopg.Error) and kind_of(error) in (ErrorKind.AWAY, ErrorKind.AGAIN)
