"""A child that has ended, for those who log it or decide what follows."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

from pooljobs.scoreboard import Wanted
from pooljobs_supervisor.fleet.children import ChildRecord


@dataclass(frozen=True, slots=True)
class ReapedChild:
    """A child that has ended: how, with how many jobs in its hands, and what had been asked of it."""

    child: ChildRecord
    status: int
    _: KW_ONLY
    held: int
    killed: bool
    wanted: Wanted
