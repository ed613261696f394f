"""A list of things to do, each on its own rhythm. Used by the steward's main thread and by its vacuum service."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.pq import TransactionStatus

from pooljobs.db.error_kinds import ErrorKind, kind_of
from pooljobs.db.refusal_log import RefusalLog

LOCKED_PAUSE = 1.0
"""Seconds until a chore is tried again that met somebody's lock."""

LONGEST_PAUSE = 60.0
"""Seconds: the most until a chore is tried again that was refused; the least is ``LOCKED_PAUSE``."""

Work = Callable[[Connection[Any]], None]


@dataclass(slots=True)
class Chore:
    """Something to do every ``every`` seconds; ``at`` is the monotonic time of the next run."""

    work: Work
    every: float
    at: float = 0.0


class ChoreSchedule:
    """Chores in their order. An outage comes through; what was not done is due again.

    Whoever meets a lock for longer than the connection's ``lock_timeout`` makes way for the next one, and so does a
    chore that the database refuses: a privilege that is missing for one must not keep the others from their work.
    """

    def __init__(self, chores: Sequence[Chore], refusals: RefusalLog) -> None:
        self._chores = chores
        self._refusals = refusals

    def run_due(self, connection: Connection[Any], before_each: Callable[[], None] = lambda: None) -> None:
        """Does what is due."""
        for chore in self._chores:
            if (now := time.monotonic()) >= chore.at:
                before_each()
                try:
                    chore.work(connection)
                except psycopg.Error as error:
                    self._failed(chore, connection, error)
                else:
                    chore.at = now + chore.every

    def seconds_to_next(self) -> float:
        """How long nothing is due."""
        return max(0.0, min(chore.at for chore in self._chores) - time.monotonic())

    def _failed(self, chore: Chore, connection: Connection[Any], error: psycopg.Error) -> None:
        """Put off first: one that costs the connection each time must not be the first of each round as well."""
        if (kind := kind_of(error)) is not ErrorKind.AWAY:
            longest = LONGEST_PAUSE if kind is ErrorKind.REFUSED else LOCKED_PAUSE
            chore.at = time.monotonic() + min(max(chore.every, LOCKED_PAUSE), longest)
        borne(connection, error, self._refusals)


def borne(connection: Connection[Any], error: psycopg.Error, refusals: RefusalLog) -> bool:
    """Whether what was done on this connection was refused, which is logged then; if not, it met somebody's lock.

    Raises:
        psycopg.Error: It is neither, or the connection is of no use for what is to be done next.
    """
    kind = kind_of(error)
    if kind is ErrorKind.REFUSED:
        refusals.refused(error, "the steward goes on with what else there is to do")
    idle = connection.info.transaction_status is TransactionStatus.IDLE
    if kind in (ErrorKind.AWAY, ErrorKind.MISUSE) or not idle:
        raise error
    return kind is ErrorKind.REFUSED
