"""Ends ``serve --until-empty`` once the steward says that nothing is left to do. A watcher.

The steward alone decides, since it has the database; the fleet then drains as by a signal. So however many workers
there are, there is one end, and whoever claimed something just then finishes it.
"""

from __future__ import annotations

from collections.abc import Sequence

from pooljobs_supervisor.fleet.actions import Action
from pooljobs_supervisor.fleet.fleet_state import FleetState
from pooljobs_supervisor.fleet.lifecycle import LifecycleStage
from pooljobs_supervisor.fleet.plan import IDLE_TICK
from pooljobs_supervisor.reporting.supervisor_log import SupervisorLog


class Emptied:
    """Of one fleet."""

    def __init__(self, fleet: FleetState, supervisor_log: SupervisorLog) -> None:
        self._board = fleet.board
        self._children = fleet.children
        self._lifecycle = fleet.lifecycle
        self._supervisor_log = supervisor_log

    def check(self, now: float) -> Sequence[Action]:
        """Move the lifecycle on, once; asks for nothing by itself."""
        if self._lifecycle.stage is LifecycleStage.SERVE and self._board.emptied_ns:
            self._lifecycle.escalate(now)
            self._supervisor_log.emptied(len(self._children.workers))
        return []

    def next_check(self, _now: float) -> float:
        """The steward rings."""
        return IDLE_TICK
