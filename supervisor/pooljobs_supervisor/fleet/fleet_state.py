"""What is known of one fleet, for all who look at it: three things that go together."""

from __future__ import annotations

from dataclasses import dataclass

from pooljobs.scoreboard import Scoreboard
from pooljobs_supervisor.fleet.children import Children
from pooljobs_supervisor.fleet.lifecycle import Lifecycle


@dataclass(frozen=True, slots=True)
class FleetState:
    """The board that the children write on, the books on them, and where the fleet stands between start and end."""

    board: Scoreboard
    children: Children
    lifecycle: Lifecycle
