"""Passes on what is asked to be cancelled: from the table to the scoreboard, where supervisor and worker see it.

A job may be held by a worker of this host, whose entry on the scoreboard is asked then; or elsewhere, which is left to
that host's steward. One that is pending again is cancelled here, by whichever steward comes first; one that has ended,
however it did, needs its request no more. The request stays in its table until then, so that nothing is forgotten when
a steward, a worker or a host dies.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection

from pooljobs.db.statements import Statements
from pooljobs.db.wire.arrays import UuidArray
from pooljobs.scoreboard import EntryState, HeldJob, Role, Scoreboard, Slot, SlotState

Place = tuple[Slot, HeldJob]


@dataclass(frozen=True, slots=True)
class CancellationRequest:
    """A row of ``read_cancellations.sql``.

    Attributes:
        since: When the earliest was made of those whose jobs have ended, as the server writes it.
        live: The job has not ended.
        token: Of the claim that holds the job; None while it is pending.
    """

    job_id: UUID
    since: str | None
    live: bool
    token: int | None


@dataclass(frozen=True, slots=True)
class CancellationAnswer:
    """What is to be done. A request in none of the lists concerns another host, or was passed on before."""

    ended: list[CancellationRequest]
    pending: list[CancellationRequest]
    here: list[Place]


def answer(requests: Sequence[CancellationRequest], held: Mapping[tuple[bytes, int], Place]) -> CancellationAnswer:
    """Decides. ``held`` is what this host's workers hold and have not finished, by id and token."""
    places = [held.get((request.job_id.bytes, request.token)) for request in requests if request.token is not None]
    return CancellationAnswer(
        ended=[request for request in requests if not request.live],
        pending=[request for request in requests if request.live and request.token is None],
        here=[place for place in places if place is not None and not place[1].cancel_asked],
    )


def held_here(board: Iterable[Slot]) -> dict[tuple[bytes, int], Place]:
    """What the living workers of a board hold and have not finished."""
    return {
        (job.job_id, job.token): (slot, job)
        for slot in board
        if slot.state is SlotState.READY and slot.role is Role.WORKER
        for job in slot.held()
        if job.state in (EntryState.CLAIMED, EntryState.RUNNING)
    }


class Cancellations:
    """Carries out the answers. Whatever fails half-way is done at the next look."""

    def __init__(self, statements: Statements, board: Scoreboard, log: logging.Logger) -> None:
        self._read = statements.load("read_cancellations")
        self._cancel = statements.load("cancel_requested")
        self._drop = statements.load("drop_cancellations")
        self._board = board
        self._log = log

    def look(self, connection: Connection[Any]) -> None:
        """One look at the table, and what follows from it."""
        rows = connection.execute(self._read).fetchall()
        if not rows:
            return
        found = answer([CancellationRequest(*row) for row in rows], held_here(self._board))
        self._ask(found.here)
        if found.pending:
            self._cancel_pending(connection, found.pending)
        if found.ended:
            self._forget(connection, found.ended)

    def _ask(self, places: Sequence[Place]) -> None:
        asked = [(slot, job) for slot, job in places if slot.ask_cancel(job.entry, job.token)]
        for slot, job in asked:
            self._log.info(
                "job %s is to be cancelled: worker-%d (pid %d) has it", UUID(bytes=job.job_id), slot.ordinal, slot.pid
            )
        if asked:
            self._board.bell.wake()

    def _cancel_pending(self, connection: Connection[Any], requests: Sequence[CancellationRequest]) -> None:
        for (job_id,) in connection.execute(self._cancel, {"ids": _ids(requests)}).fetchall():
            self._log.info("job %s was cancelled: it was back in its queue", job_id)

    def _forget(self, connection: Connection[Any], requests: Sequence[CancellationRequest]) -> None:
        """Ids in history are found by a block range index, which the pinned settings forbid."""
        with connection.transaction():
            connection.execute("SET LOCAL enable_bitmapscan = on")
            connection.execute(self._drop, {"ids": _ids(requests), "since": requests[0].since}, prepare=False)


def _ids(requests: Sequence[CancellationRequest]) -> UuidArray:
    return UuidArray([request.job_id.bytes for request in requests])
