"""Sees when ``serve --until-empty`` has nothing left to do, and tells at the end what is left. A chore.

One look decides, in one snapshot of the database, whatever the scoreboard says: what other hosts hold, what a dead
worker held and was not released yet, and what a handler enqueued at its very end are all in it. The scoreboard only
says when a look is worth while: when all workers of this host idle. What is paused is left: nobody knows for how long.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from psycopg import Connection

from pooljobs.ages import span
from pooljobs.db.pause_reader import PauseReader
from pooljobs.db.statements import Statements
from pooljobs.process.child import Child
from pooljobs.scoreboard import Role, Slot, SlotState
from pooljobs.settings import WorkerSettings
from pooljobs_steward.wakeups.known_jobs import Known, KnownJobs

SOON: Final = 60.0
"""Seconds. What has begun before and is to run again within them is waited for. No crash puts a job off for longer."""

PAUSE: Final = 0.2
"""Seconds between looks, at least; and ``COST_FACTOR`` times what the last one took."""

COST_FACTOR: Final = 20.0

TOLD_AFTER, TOLD_AGAIN_AFTER = 5.0, 60.0
"""Seconds for which all workers idle before the log says what is waited for, and until it says so again."""


@dataclass(frozen=True, slots=True)
class Left:
    """What stays in the queues, and how many jobs have failed; see ``count_left.sql``."""

    due: int
    unknown: int
    refused: int
    later: int
    next_in: float | None
    failed: int

    def told(self, queues: Sequence[str], *, paused: bool = False) -> str:
        """In words. ``paused``: some of what is due may be.

        >>> Left(0, 0, 0, 3, 240.0, 0).told(["default"])
        'nothing due in default; 3 scheduled for later, the next in 4 min'
        >>> Left(1, 2, 0, 0, None, 4).told(["a", "b"])
        '1 due in a, b, enqueued meanwhile; 2 due of types that no worker here knows; 4 failed'
        >>> Left(0, 0, 5, 0, None, 0).told(["a"])
        'nothing due in a; 5 with payloads that wait for other code'
        >>> Left(7, 0, 0, 0, None, 0).told(["a"], paused=True)
        '7 due in a, enqueued meanwhile or paused'
        """
        due = f"{self.due} due" if self.due else "nothing due"
        meanwhile = f", enqueued meanwhile{' or paused' if paused else ''}" if self.due else ""
        parts = [f"{due} in {', '.join(queues)}{meanwhile}"]
        if self.unknown:
            parts.append(f"{self.unknown} due of types that no worker here knows")
        if self.refused:
            parts.append(f"{self.refused} with payloads that wait for other code")
        if self.later:
            parts.append(f"{self.later} scheduled for later, the next in {span(self.next_in)}")
        if self.failed:
            parts.append(f"{self.failed} failed")
        return "; ".join(parts)


class UntilEmpty:
    """One fleet's. What it finds out stands on the scoreboard, where the supervisor sees it (``emptied.py``)."""

    def __init__(self, statements: Statements, child: Child, *, settings: WorkerSettings, log: logging.Logger) -> None:
        self._look, self._look_for_known = _both(statements, "look_for_undone")
        self._count, self._count_known = _both(statements, "count_left")
        self._known_jobs = KnownJobs(statements, child.board, child.board.fleet)
        self._known: Known | None = None
        self._pauses = PauseReader(statements, child.board)
        self._board = child.board
        self._queues = list(settings.queues)
        self._log = log
        self._tell_at: float | None = None
        self._pause = PAUSE

    def look(self, connection: Connection[Any]) -> float:
        """If nothing is left to do, says so on the scoreboard, and rings for the supervisor; the seconds until the next
        look.
        """
        workers = [slot for slot in self._board if slot.state is SlotState.READY and slot.role is Role.WORKER]
        if self._board.emptied_ns or not workers or not all(_idles(slot) for slot in workers):
            self._tell_at = None
            return self._pause
        if self._pauses.outdated():
            self._pauses.read(connection)
        paused = self._pauses.paused
        self._known = self._known_jobs.read(connection, paused)
        began = time.monotonic()
        statements = self._look, self._look_for_known
        undone, held, next_in = self._ask(connection, *statements, queues=paused.served(self._queues), soon=SOON)
        now = time.monotonic()
        self._pause = max(PAUSE, COST_FACTOR * (now - began))
        if undone:
            self._tell_wait(now, held=held, next_in=next_in)
        else:
            self._board.emptied_ns = time.monotonic_ns()
            self._board.bell.wake()
        return self._pause

    def tell_left(self, connection: Connection[Any]) -> None:
        """Says with what the fleet ended, if it did because nothing was left to do; its workers are gone."""
        if self._board.emptied_ns:
            self._known = self._known_jobs.read(connection) if self._pauses.paused.types else self._known
            statements = self._count, self._count_known
            left = Left(*self._ask(connection, *statements, queues=self._queues, fleet=self._board.fleet))
            self._log.info("ended: %s", left.told(self._queues, paused=bool(self._pauses.paused)))

    def _ask(self, connection: Connection[Any], every: bytes, known: bytes, **parameters: object) -> tuple[Any, ...]:
        if self._known is not None:
            parameters |= asdict(self._known) | {"refused_shapes": []}
        row: tuple[Any, ...] | None = connection.execute(known if self._known else every, parameters).fetchone()
        assert row is not None
        return row

    def _tell_wait(self, now: float, *, held: bool, next_in: float | None) -> None:
        if self._tell_at is None:
            self._tell_at = now + TOLD_AFTER
        if now < self._tell_at:
            return
        self._tell_at = now + TOLD_AGAIN_AFTER
        if held:
            self._log.info("no end yet: a job is held that workers of this host do not run, or run beside others")
        elif next_in is not None:
            self._log.info("no end yet: a job is to run again in %s", span(next_in))


def _both(statements: Statements, verb: str) -> tuple[bytes, bytes]:
    return statements.load(verb), statements.passing_over(verb)


def _idles(slot: Slot) -> bool:
    """Whether a worker has looked for jobs since it came, and sleeps for want of them."""
    return slot.idle_since_ns != 0
