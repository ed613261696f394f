"""What a steward does when its supervisor is gone: it sees the workers to their end, within bounds, and leaves last.

Nobody else is left to do it. The workers drain by themselves; the time that the supervisor would have granted them is
granted here. Then those that are still there are killed with their sessions, and what they held goes back uncharged.
A database that is away at the very end is waited for, but not for ever: leases run out without us too.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress

from pooljobs.process.liveness import lives, same
from pooljobs.scoreboard import Killed, Role, Scoreboard, Slot, SlotState

LAST_WAIT = 20.0
"""Seconds for the last release, from the last worker's end: what a supervisor too would grant (see
``lifecycle.py``).
"""

_WORKING = (SlotState.BOOTING, SlotState.READY)


class OrphanedWorkers:
    """The workers of a dead supervisor. Times are monotonic seconds."""

    def __init__(self, board: Scoreboard, shutdown_timeout: float, log: logging.Logger) -> None:
        self._board = board
        self._shutdown_timeout = shutdown_timeout
        self._log = log
        self._since: float | None = None
        self._alone_since: float | None = None

    def may_be_left(self) -> bool:
        """Whether there is nothing left to stay for. Kills who is over time; declares dead who has ended."""
        now = time.monotonic()
        if self._since is None:
            self._since = now
            self._log.warning("the supervisor is gone: its workers have %g s to finish", self._shutdown_timeout)
        living = self._living()
        if living and now - self._since >= self._shutdown_timeout:
            self._kill(living)
        self._declare_dead(living)
        if living:
            return now - self._since >= self._shutdown_timeout + LAST_WAIT and self._immortal(living)
        self._alone_since = now if self._alone_since is None else self._alone_since
        return self._released(now - self._alone_since)

    def _released(self, waited: float) -> bool:
        left = [slot for slot in self._workers() if slot.state is not SlotState.FREE]
        if left and waited >= LAST_WAIT:
            jobs = sum(len(slot.held()) for slot in left)
            self._log.warning("leaving with %d jobs unreleased: they come back when their leases have run out", jobs)
        return not left or waited >= LAST_WAIT

    def _immortal(self, living: list[Slot]) -> bool:
        pids = ", ".join(str(slot.pid) for slot in living)
        self._log.error("these survived SIGKILL and are left behind: pids %s", pids)
        return True

    def _workers(self) -> list[Slot]:
        return [slot for slot in self._board if slot.role is Role.WORKER and slot.state is not SlotState.FREE]

    def _living(self) -> list[Slot]:
        return [slot for slot in self._workers() if slot.state in _WORKING and is_worker(slot)]

    def _kill(self, living: Iterable[Slot]) -> None:
        for slot in living:
            if not slot.killed:
                self._log.warning("worker-%d (pid %d) is over its time: killing it", slot.ordinal, slot.pid)
            slot.killed = Killed.ON_PURPOSE
            with suppress(ProcessLookupError, PermissionError):  # gone meanwhile; or not in its own session yet
                os.killpg(slot.pid, signal.SIGKILL)

    def _declare_dead(self, living: list[Slot]) -> None:
        """Nobody is left to reap these. How they ended is unknown, so nobody is charged."""
        spared = {slot.index for slot in living}
        for slot in self._workers():
            if slot.state is not SlotState.DEAD and slot.index not in spared:
                slot.killed = slot.killed or Killed.UNSEEN
                slot.state = SlotState.DEAD


def is_worker(slot: Slot) -> bool:
    """Whether the slot's process is there, and is the one that sat down in it: its pid may mean another by now."""
    return slot.pid > 0 and lives(slot.pid) and same(slot.pid, slot.birth)
