"""The steward's life: a loop of chores, each on its own rhythm, until the supervisor lets it go.

It leaves last: when all workers are gone and everything they held is released. If its supervisor is killed it sees the
orphaned workers to their end (``orphaned_workers.py``).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence

from pooljobs.db.outage import Outage
from pooljobs.db.refusal_log import RefusalLog
from pooljobs.db.resilient_connection import ResilientConnection
from pooljobs.exit_codes import ExitCode
from pooljobs.logs import flush, name_process, never_wait
from pooljobs.process.child import Child
from pooljobs.scoreboard import Role, Slot, SlotState, Wanted
from pooljobs.settings import ServeSettings
from pooljobs_steward.chore_schedule import make_way
from pooljobs_steward.chores import Chores
from pooljobs_steward.recovery.orphaned_workers import OrphanedWorkers
from pooljobs_steward.service_thread import ServiceThread
from pooljobs_steward.services import running_services, steward_pool


def steward_main(settings: ServeSettings, child: Child) -> int:
    """Runs the steward in its own process; returns the exit code."""
    name_process("steward")
    never_wait()
    log = logging.getLogger("pooljobs.steward")
    outage, acted = Outage(log), threading.Event()
    with (
        steward_pool(settings, "steward") as pool,
        running_services(settings, child, acted=acted, outage=outage, log=log) as services,
    ):
        connection = ResilientConnection(pool, outage=outage, refusals=RefusalLog(log), prepare=make_way)
        Steward(settings, child, connection=connection, services=services, acted=acted, log=log).run()
    return ExitCode.OK


ORPHANED_PAUSE = 0.1
"""Seconds between looks at the workers, once the supervisor is gone."""

LONGEST_SILENCE = 0.5
"""Seconds between heartbeats: idle workers believe in a steward that has shown one lately (``poll_pace.py``)."""


class Steward:
    """Does what is due, then sleeps until a wake or the next chore."""

    def __init__(
        self,
        settings: ServeSettings,
        child: Child,
        *,
        connection: ResilientConnection,
        services: Sequence[ServiceThread],
        acted: threading.Event,
        log: logging.Logger,
    ) -> None:
        """``acted``: see ``Chores``."""
        self._child = child
        self._services = services
        self._connection = connection
        self._chores = Chores(settings, child, acted=acted, log=log)
        self._orphans = OrphanedWorkers(child.board, settings.shutdown_timeout, log)

    def run(self) -> None:
        """Works until there is nothing left to stay for."""
        self._child.slot.state = SlotState.READY
        done = True
        while not self._may_leave():
            self._child.slot.heartbeat_ns = time.monotonic_ns()
            for service in self._services:
                service.check(time.monotonic())
            flush()
            done = self._connection.attempt(self._chores.run_due)
            if not done:
                self._chores.interrupted()
            self._wait(self._chores.seconds_to_next() if done else self._connection.pause())
        if done:
            self._connection.attempt(self._chores.leave)
        self._connection.close()

    def _may_leave(self) -> bool:
        if self._child.orphaned():
            return self._orphans.may_be_left()
        if self._child.wanted is Wanted.RUN:
            return False
        return not any(slot.state is not SlotState.FREE for slot in self._workers())

    def _workers(self) -> list[Slot]:
        return [slot for slot in self._child.board if slot.role is Role.WORKER and slot.index != self._child.slot.index]

    def _wait(self, seconds: float) -> None:
        seconds = min(seconds, LONGEST_SILENCE)
        if self._child.orphaned():  # nobody wakes any more: look again soon whether the last worker is gone
            self._child.wait(min(seconds, ORPHANED_PAUSE), lifeline=False)
        else:
            self._child.wait(seconds)
        self._child.slot.drain_wakes()
