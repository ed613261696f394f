"""The scoreboard: shared memory that tells each process of a host what the others hold, do and want.

Made by the supervisor before its first fork; written by workers in their hot path; read by supervisor and steward.
"""

from __future__ import annotations

from pooljobs.errors import ScoreboardError
from pooljobs.scoreboard.board import Scoreboard, most_workers, slots_for
from pooljobs.scoreboard.held_job import HeldJob
from pooljobs.scoreboard.slot import Slot
from pooljobs.scoreboard.states import Activity, EntryState, Killed, Role, SlotState, Wanted

__all__ = [
    "Activity",
    "EntryState",
    "HeldJob",
    "Killed",
    "Role",
    "Scoreboard",
    "ScoreboardError",
    "Slot",
    "SlotState",
    "Wanted",
    "most_workers",
    "slots_for",
]
