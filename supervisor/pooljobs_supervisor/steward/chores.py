"""What the steward does and how often: bury dead workers, pass on requests to cancel, renew leases, reap lost hosts.

Nothing of it takes long. What may is left to ``upkeeper.py``.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from psycopg import Connection
from psycopg import errors as pg

from pooljobs.db.statements import Statements
from pooljobs.process.child import Child
from pooljobs.scoreboard import Role, Slot, SlotState
from pooljobs.settings import ServeSettings
from pooljobs_supervisor.steward import cancellations, leases
from pooljobs_supervisor.steward.cancellations import Cancellations
from pooljobs_supervisor.steward.fleet_record import FleetRecord
from pooljobs_supervisor.steward.release import Releaser
from pooljobs_supervisor.steward.rota import Chore, Rota
from pooljobs_supervisor.steward.strays import LEAST_PAUSE, Strays
from pooljobs_supervisor.steward.unknown_types import UnknownTypes

STILL_LOCKED_PAUSE = 0.02
"""Seconds until a dead worker's rows that something still locks are tried again."""


class Chores:
    """The list of chores. Errors of the database come through; what was not done is due again."""

    def __init__(self, settings: ServeSettings, child: Child, log: logging.Logger) -> None:
        timeout = settings.worker.job_timeout
        statements = Statements(settings.schema)
        self._board = child.board
        self._slot = child.slot
        self._log = log
        self._timeout_ns = int(timeout * 1e9)
        self._releaser = Releaser(statements, settings.worker, child.board, log)
        self._strays = Strays(statements, child.board)
        self._renew_statement = statements.load("renew_leases")
        self._reap_statement = statements.load("reap_workers")
        self._cancel = Chore(Cancellations(statements, child.board, log).look, cancellations.LOOK_EVERY)
        self._fleet = FleetRecord(statements, child, timeout)
        self._unburied = False
        self._leftover = True  # a steward before this one may have died between a reaping and its release
        self._look_for_strays = Chore(self._give_strays_back, LEAST_PAUSE, time.monotonic() + LEAST_PAUSE)
        self._unknown_types = UnknownTypes(statements, child.board, settings.worker, log)
        self._look_for_unknown = Chore(self._fail_unknown, self._unknown_types.pause())
        self._rota = Rota(
            [
                Chore(self._renew, min(timeout / leases.RENEWALS_A_LEASE / 4, 1.0)),
                Chore(self._fleet.renew, timeout / leases.RENEWALS_A_LEASE),
                self._cancel,
                self._look_for_strays,
                self._look_for_unknown,
                Chore(self._reap, min(max(timeout / 10, 0.2), 1.0)),
            ]
        )

    def run_due(self, connection: Connection[Any]) -> None:
        """Does what is due, the dead first."""
        self.bury(connection)
        self._rota.run_due(connection, self._beat)

    def leave(self, connection: Connection[Any]) -> None:
        """Does the last of it: the fleet is no more."""
        self._fleet.retire(connection)

    def _beat(self) -> None:
        self._slot.heartbeat_ns = time.monotonic_ns()

    def seconds_to_next(self) -> float:
        """How long nothing is due, but for wakes."""
        if self._unburied:
            return STILL_LOCKED_PAUSE
        return self._rota.seconds_to_next()

    def bury(self, connection: Connection[Any]) -> None:
        """Releases what dead workers held, then frees their slots; a slot whose rows are still locked waits."""
        self._unburied = False
        for slot in self._board:
            if slot.state is SlotState.DEAD and slot.role is Role.WORKER:
                released = self._release(connection, slot)
                self._cancel.at = 0.0  # one of them may have been asked to end before it died
                self._wake_workers()  # what came back may lie behind their floors
                if released:
                    slot.clear()
                else:
                    self._unburied = True

    def _release(self, connection: Connection[Any], slot: Slot) -> bool:
        """False if something is still locked, a row or the whole table."""
        try:
            return self._releaser.release(connection, slot)
        except pg.LockNotAvailable:
            return False

    def _wake_workers(self) -> None:
        for slot in self._board:
            if slot.state is SlotState.READY and slot.role is Role.WORKER:
                slot.wake()

    def _renew(self, connection: Connection[Any]) -> None:
        now_ns = time.monotonic_ns()
        slots = {slot.worker_id: slot for slot in self._board if leases.due(slot, now_ns, self._timeout_ns)}
        if not slots:
            return
        for (worker_id,) in connection.execute(self._renew_statement, {"worker_ids": list(slots)}).fetchall():
            slots[worker_id].leased_until_ns = now_ns + self._timeout_ns
            slots[worker_id].renewed_ns = now_ns

    def _give_strays_back(self, connection: Connection[Any]) -> None:
        if count := self._strays.look(connection):
            self._log.warning("%d jobs were claimed for workers that never heard of it: given back", count)
            self._wake_workers()
        self._look_for_strays.every = self._strays.pause()

    def _fail_unknown(self, connection: Connection[Any]) -> None:
        self._unknown_types.look(connection)
        self._look_for_unknown.every = self._unknown_types.pause()

    def _reap(self, connection: Connection[Any]) -> None:
        reaped = connection.execute(self._reap_statement).fetchall()
        for worker_id, host, pid, ordinal in reaped:
            self._log.warning(
                "worker-%d of %s (pid %d, id %d) let its lease run out: its jobs run elsewhere",
                ordinal,
                host,
                pid,
                worker_id,
            )
        self._leftover = self._leftover or bool(reaped)  # noted first: the release may have to be tried again
        if self._leftover and not self._unburied:
            self._leftover = self._releaser.release_all(connection, None, lost=True) > 0
            self._wake_workers()
