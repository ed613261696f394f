"""Tells what an end waits for, while it waits: live in a terminal's last line, else now and then in the log.

A watcher that asks for nothing: it only looks, twice a second.
"""

from __future__ import annotations

from collections.abc import Sequence

from pooljobs_supervisor.fleet.actions import Action
from pooljobs_supervisor.fleet.fleet_state import FleetState
from pooljobs_supervisor.fleet.lifecycle import LifecycleStage
from pooljobs_supervisor.fleet.plan import IDLE_TICK
from pooljobs_supervisor.reporting.drain_progress import log_line, look_at, status_line
from pooljobs_supervisor.reporting.status_line import StatusLine
from pooljobs_supervisor.reporting.supervisor_log import SupervisorLog

LIVE = 0.5
"""Seconds between two states of the terminal's line; an end that takes no longer shows none."""

TOLD = 5.0
"""Seconds between two lines in the log."""


class DrainDisplay:
    """``terminal`` is None where the log goes elsewhere, or is for machines."""

    def __init__(self, fleet: FleetState, supervisor_log: SupervisorLog, *, terminal: StatusLine | None) -> None:
        self._board = fleet.board
        self._children = fleet.children
        self._lifecycle = fleet.lifecycle
        self._supervisor_log = supervisor_log
        self._terminal = terminal
        self._stage: LifecycleStage = LifecycleStage.SERVE
        self._shown_at = 0.0
        self._told_at = 0.0

    def check(self, now: float) -> Sequence[Action]:
        """Show or tell what is due; asks for nothing."""
        if self._stage is not self._lifecycle.stage:
            self._enter(now)
        if self._stage not in {LifecycleStage.DRAIN, LifecycleStage.RELEASE} or not self._children.workers:
            self.wipe()
        elif self._terminal is not None and self._terminal.ours:
            self._show(self._terminal, now)
        else:
            self._tell(now)
        return []

    def next_check(self, now: float) -> float:
        """The next state of the line, while there is one."""
        waits = self._stage in {LifecycleStage.DRAIN, LifecycleStage.RELEASE}
        return max(0.0, self._shown_at + LIVE - now) if waits and self._terminal is not None else IDLE_TICK

    def wipe(self) -> None:
        """Leave nothing on the terminal."""
        if self._terminal is not None:
            self._terminal.wipe()

    def _enter(self, now: float) -> None:
        """Another stage: of a drain the first lines are due later, of what follows the terminal's is due at once."""
        if self._stage is LifecycleStage.SERVE:
            self._shown_at = self._told_at = now
        else:
            self._shown_at = now - LIVE
        self._stage = self._lifecycle.stage

    def _show(self, terminal: StatusLine, now: float) -> None:
        if now >= self._shown_at + LIVE:
            self._shown_at = now
            awaited = look_at(self._children, self._board, now)
            terminal.show(status_line(awaited, self._stage, self._left(now), terminal.width))

    def _tell(self, now: float) -> None:
        self._shown_at = now
        if now >= self._told_at + TOLD:
            self._told_at = now
            self._supervisor_log.waiting(log_line(look_at(self._children, self._board, now), self._left(now)))

    def _left(self, now: float) -> float:
        return self._lifecycle.drain_since + self._lifecycle.drain_limit - now
