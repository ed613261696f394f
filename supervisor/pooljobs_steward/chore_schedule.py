"""A list of things to do, each on its own rhythm. Used by the steward's main thread and by its maintenance."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from enum import Enum
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.pq import TransactionStatus

from pooljobs.db.error_kinds import ErrorKind, kind_of
from pooljobs.db.refusal_log import RefusalLog
from pooljobs_steward.leaders import Leaders

LOCKED_PAUSE = 1.0
"""Seconds until a chore is tried again that met somebody's lock."""

LONGEST_PAUSE = 60.0
"""Seconds: the most until a chore is tried again that was refused; the least is ``LOCKED_PAUSE``."""

GO_ON = "the steward goes on with what else there is to do"

LOCK_TIMEOUT = b"SET lock_timeout = '300ms'"

Work = Callable[[Connection[Any]], float | None]
"""Does it; seconds until it is to be done again, or None: as often as before."""


def make_way(connection: Connection[Any]) -> None:
    """Has the session wait for locks no longer than that: somebody's lock on a table (an index that is built, a VACUUM
    FULL) must not keep the steward from what that lock does not concern.
    """
    connection.execute(LOCK_TIMEOUT)


class Scope(Enum):
    """Whose a chore is.

    HOST: Each steward does it: for its own host, or since it must not depend on another one.
    DATABASE: It is done once for all hosts, by one steward at a time (``leaders.py``).
    """

    HOST = "host"
    DATABASE = "database"


@dataclass(slots=True)
class Chore:
    """Something to do every ``every`` seconds, or as its ``work`` says; ``at`` is the monotonic time of the next run.

    ``name`` is what the log calls it, and what a steward leads in.
    """

    name: str
    work: Work
    _: KW_ONLY
    every: float
    at: float = 0.0
    scope: Scope = Scope.HOST


class ChoreSchedule:
    """``chores``, in their order. An outage comes through; what was not done is due again.

    Whoever meets a lock for longer than the connection's ``lock_timeout`` makes way for the next one, and so does a
    chore that the database refuses: a privilege that is missing for one must not keep the others from their work.
    """

    def __init__(self, chores: Sequence[Chore], *, refusals: RefusalLog, leaders: Leaders) -> None:
        self.chores = chores
        self._refusals = refusals
        self._leaders = leaders

    def run_due(self, connection: Connection[Any], before_each: Callable[[], None] = lambda: None) -> None:
        """Does what is due."""
        for chore in self.chores:
            if (now := time.monotonic()) >= chore.at:
                before_each()
                try:
                    pause = self._do(chore, connection)
                except psycopg.Error as error:
                    self._failed(chore, connection, error)
                else:
                    chore.every = chore.every if pause is None else pause
                    chore.at = now + chore.every

    def seconds_to_next(self) -> float:
        """How long nothing is due."""
        return max(0.0, min(chore.at for chore in self.chores) - time.monotonic())

    def _do(self, chore: Chore, connection: Connection[Any]) -> float | None:
        """A database's chore that another steward does now is as good as done."""
        if chore.scope is Scope.HOST:
            return chore.work(connection)
        if not self._leaders.lead(connection, chore.name):
            return None
        try:
            return chore.work(connection)
        finally:
            if connection.info.transaction_status is TransactionStatus.IDLE:  # else it ends by itself
                self._leaders.resign(connection, chore.name)

    def _failed(self, chore: Chore, connection: Connection[Any], error: psycopg.Error) -> None:
        """Put off first: one that costs the connection each time must not be the first of each round as well."""
        if (kind := kind_of(error)) is not ErrorKind.AWAY:
            longest = LONGEST_PAUSE if kind is ErrorKind.REFUSED else LOCKED_PAUSE
            chore.at = time.monotonic() + min(max(chore.every, LOCKED_PAUSE), longest)
        borne(
            connection,
            error,
            self._refusals,
            f"the {chore.scope.value}'s chore {chore.name!r} comes again, and {GO_ON}",
        )


def borne(connection: Connection[Any], error: psycopg.Error, refusals: RefusalLog, meanwhile: str = GO_ON) -> bool:
    """Whether what was done on this connection was refused, which is logged then; if not, it met somebody's lock.
    ``meanwhile`` ends the line.

    Raises:
        psycopg.Error: It is neither, or the connection is of no use for what is to be done next.
    """
    kind = kind_of(error)
    if kind is ErrorKind.REFUSED:
        refusals.refused(error, meanwhile)
    idle = connection.info.transaction_status is TransactionStatus.IDLE
    if kind in (ErrorKind.AWAY, ErrorKind.MISUSE) or not idle:
        raise error
    return kind is ErrorKind.REFUSED
