"""What the steward does and how often: release dead workers, pass on requests to cancel, renew leases, reap lost hosts,
enqueue what schedules say.

One look a beat tells whether there is something to do (``look_for_chores.sql``), so that an idle host costs its
database next to nothing. Nothing of it takes long. What may is left to ``maintenance/vacuum.py``.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any, Final

import psycopg
from psycopg import Connection

from pooljobs.db.refusal_log import RefusalLog
from pooljobs.db.statements import Statements
from pooljobs.process.child import Child
from pooljobs.settings import ServeSettings
from pooljobs_steward import leases
from pooljobs_steward.cancellations import Cancellations
from pooljobs_steward.chore_schedule import LOCKED_PAUSE, Chore, ChoreSchedule, borne
from pooljobs_steward.fleet_record import FleetRecord
from pooljobs_steward.leaders import Leaders
from pooljobs_steward.maintenance.unknown_types import UnknownTypes
from pooljobs_steward.recovery.dead_slots import DeadSlots, wake_workers
from pooljobs_steward.recovery.dead_workers import DeadWorkers
from pooljobs_steward.recovery.earlier_workers import EarlierWorkers
from pooljobs_steward.recovery.lost_hosts import LostHosts
from pooljobs_steward.recovery.unknown_claims import LEAST_PAUSE, UnknownClaims
from pooljobs_steward.scheduler.declared import AGREED_EVERY, DeclaredSchedules
from pooljobs_steward.scheduler.ticks import Ticks
from pooljobs_steward.unbroken_view import UnbrokenView
from pooljobs_steward.until_empty import PAUSE, UntilEmpty

STILL_LOCKED_PAUSE: Final = 0.02
"""Seconds until a dead worker's rows that something still locks are tried again."""

BEAT: Final = 3.0
"""Seconds between looks for something to do, and at most a tenth of a lease."""

BEAT_IN_USE: Final = 0.5
"""Seconds, while some request to cancel is not met, or nobody would tell of the next one: no notifications arrive."""

TICK_MARGIN: Final = 0.01
"""Seconds that a schedule is looked at later than it is due: who came too early would come again a beat later."""

UNREAD: Final = "unread"
"""In place of what is paused, before the first look: what that finds is news, it may have been missed."""

NEVER: Final = float("inf")
"""Of what is done when a look says so."""


class Chores:
    """The list of chores. An outage comes through; what was not done is due again.

    ``acted`` is set, from another thread, when this fleet was told that somebody has asked for something.
    """

    def __init__(self, settings: ServeSettings, child: Child, *, acted: threading.Event, log: logging.Logger) -> None:
        timeout = settings.worker.job_timeout
        statements = Statements(settings.schema)
        self._board = child.board
        self._slot = child.slot
        self._acted = acted
        self._log = log
        self._timeout = timeout
        dead_workers = DeadWorkers(statements, settings.worker, board=child.board, log=log)
        self._refusals = RefusalLog(log)
        self._dead_slots = DeadSlots(dead_workers, child.board, self._refusals)
        self._unknown_claims = UnknownClaims(statements, child.board)
        self._look_statement = statements.load("look_for_chores")
        self._clock_statement = statements.load("read_clock")
        self._renew_statement = statements.load("renew_leases")
        self._watch = UnbrokenView(timeout)
        self._earlier_workers = EarlierWorkers(statements, child)
        self._lost_hosts = LostHosts(statements, dead_workers, log)
        self._fleet = FleetRecord(statements, child, timeout)
        self._unrenewed = False
        self._pauses: str | None = UNREAD
        self._sees_no_pauses = True
        self._look = Chore("look", self._look_around, every=0.0)
        self._cancel = Chore("cancellations", Cancellations(statements, child.board, log).look, every=NEVER)
        self._reap = Chore("lost hosts", self._reap_lost, every=NEVER)
        self._agree = Chore("declared schedules", DeclaredSchedules(statements).look, every=AGREED_EVERY)
        self._ticks = Ticks(statements, log)
        self._tick = Chore("ticks", self._enqueue_ticks, every=NEVER, at=NEVER)
        self._until_empty = UntilEmpty(statements, child, settings=settings.worker, log=log)
        self.schedule = self._scheduled(settings, statements)

    def run_due(self, connection: Connection[Any]) -> None:
        """Does what is due, the dead first."""
        if self._dead_slots.release(connection):
            self._cancel.at = 0.0  # one of them may have been asked to end before it died
        if self._acted.is_set():
            self._acted.clear()
            self._cancel.at = self._agree.at = self._look.at = 0.0
        self.schedule.run_due(connection, self._show_life)
        if not self._sees_no_pauses:
            self._board.pauses_seen_ns = time.monotonic_ns()

    def interrupted(self) -> None:
        """The database was away."""
        self._watch.interrupted()

    def leave(self, connection: Connection[Any]) -> None:
        """Does the last of it: the fleet is no more."""
        self._fleet.retire(connection)
        self._until_empty.tell_left(connection)

    def _scheduled(self, settings: ServeSettings, statements: Statements) -> ChoreSchedule:
        """All of them, in the order in which those that are due at once are done."""
        unknown_types = UnknownTypes(statements, self._board, settings=settings.worker, log=self._log)
        claims_at = time.monotonic() + LEAST_PAUSE
        renewal = self._timeout / leases.RENEWALS_A_LEASE
        return ChoreSchedule(
            [
                self._look,
                Chore("leases", self._renew, every=min(renewal / 4, 1.0)),
                Chore("fleet", self._fleet.renew, every=renewal),
                self._cancel,
                self._tick,
                self._agree,
                Chore("unknown claims", self._give_strays_back, every=LEAST_PAUSE, at=claims_at),
                Chore("unknown types", unknown_types.look, every=unknown_types.pause()),
                self._reap,
                *([Chore("until empty", self._until_empty.look, every=PAUSE)] if settings.until_empty else []),
            ],
            refusals=self._refusals,
            leaders=Leaders(statements, self._board.fleet),
        )

    def _show_life(self) -> None:
        self._slot.heartbeat_ns = time.monotonic_ns()

    def seconds_to_next(self) -> float:
        """How long nothing is due, but for wakes."""
        if self._dead_slots.unfinished:
            pause = LOCKED_PAUSE if self._dead_slots.refused else STILL_LOCKED_PAUSE
            return min(pause, self.schedule.seconds_to_next())
        return self.schedule.seconds_to_next()

    def _look_around(self, connection: Connection[Any]) -> None:
        at, lost, asked, next_tick = self._what_there_is(connection)
        self._unrenewed = self._watch.looked(at) or self._unrenewed
        if asked:
            self._cancel.at = 0.0
        if lost or self._lost_hosts.leftover or self._may_have_neighbours():
            self._reap.at = 0.0
        if next_tick is not None:
            self._tick.at = min(self._tick.at, time.monotonic() + next_tick - at + TICK_MARGIN)
        self._look.every = min(BEAT if self._slot.listens and not asked else BEAT_IN_USE, max(self._timeout / 10, 0.2))

    def _what_there_is(self, connection: Connection[Any]) -> tuple[float, bool, bool, float | None]:
        """If one of its tables may not be read, or is locked, the chores look for themselves."""
        try:
            row = connection.execute(self._look_statement).fetchone()
        except psycopg.Error as error:
            borne(connection, error, self._refusals)
            self._sees_no_pauses = True  # workers look for themselves then
            row = connection.execute(self._clock_statement).fetchone()
            assert row is not None
            return row[0] / 1e6, True, True, 0.0
        assert row is not None
        at, lost, asked, next_tick, pauses = row
        self._sees_no_pauses = False
        if pauses != self._pauses:
            self._pauses = pauses
            self._tell_pauses()
        return at, lost, asked, next_tick

    def _tell_pauses(self) -> None:
        """To all who begin jobs, or wake those who do: they read what is paused when the number has changed."""
        self._board.pauses_version += 1
        wake_workers(self._board)
        self._board.idle_bell.wake()

    def _may_have_neighbours(self) -> bool:
        """Whether to look for what a killed process tree left: for one lease, and then it has run out."""
        return self._earlier_workers.any and self._watch.seconds <= self._timeout

    def _renew(self, connection: Connection[Any]) -> None:
        now_ns, timeout_ns = time.monotonic_ns(), int(self._timeout * 1e9)
        due = leases.due(self._board, now_ns, timeout_ns, everybody=self._unrenewed)
        if slots := {slot.worker_id: slot for slot in due}:
            for (worker_id,) in connection.execute(self._renew_statement, {"worker_ids": list(slots)}).fetchall():
                slots[worker_id].leased_until_ns = now_ns + timeout_ns
        self._unrenewed = False

    def _give_strays_back(self, connection: Connection[Any]) -> float:
        if count := self._unknown_claims.look(connection):
            self._log.warning("%d jobs were claimed for workers that never heard of it: given back", count)
            wake_workers(self._board)
        return self._unknown_claims.pause()

    def _enqueue_ticks(self, connection: Connection[Any]) -> None:
        """When the next one is due, a look tells. It comes at its beat where another steward was at it."""
        if self._ticks.enqueue_due(connection):
            self._look.at = 0.0

    def _reap_lost(self, connection: Connection[Any]) -> None:
        gone = self._earlier_workers.gone(connection) if self._may_have_neighbours() else []
        self._lost_hosts.reap(connection, self._watch.seconds, gone)
        if self._lost_hosts.leftover and not self._dead_slots.unfinished:
            self._lost_hosts.release(connection)
            wake_workers(self._board)
