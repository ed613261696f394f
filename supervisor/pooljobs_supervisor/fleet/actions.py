"""What the supervisor can do to its children, as values. ``plan.py`` and watchers ask for them; the loop does them."""

from __future__ import annotations

from dataclasses import dataclass

from pooljobs.scoreboard import HeldJob, Wanted
from pooljobs_supervisor.fleet.children import ChildRecord, Position


@dataclass(frozen=True, slots=True)
class Spawn:
    """Fork a child for this position, into a free slot."""

    position: Position


@dataclass(frozen=True, slots=True)
class RequestState:
    """Raise what is wanted of this child, and wake it."""

    child: ChildRecord
    wanted: Wanted


@dataclass(frozen=True, slots=True)
class Wake:
    """Wake this child: there is something to see on the scoreboard."""

    child: ChildRecord


@dataclass(frozen=True, slots=True)
class Kill:
    """Kill this child's session."""

    child: ChildRecord


@dataclass(frozen=True, slots=True)
class Retire:
    """Replace this worker by a fresh one, the fresh one first."""

    child: ChildRecord
    why: str
    """In words, after the worker's name: "has run 500 jobs"."""


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Have this worker interrupt those of its jobs that are due for it."""

    child: ChildRecord


@dataclass(frozen=True, slots=True)
class DumpStack:
    """Have this worker write down where it is: it is to be killed for a late job."""

    child: ChildRecord


@dataclass(frozen=True, slots=True)
class CancelKill:
    """Do not kill this worker after all: the late job has ended."""

    child: ChildRecord


@dataclass(frozen=True, slots=True)
class KillForJob:
    """Kill this worker for a late job."""

    child: ChildRecord
    job: HeldJob


@dataclass(frozen=True, slots=True)
class LookInto:
    """Have this child write down where it is: it has shown no sign of life for long."""

    child: ChildRecord


@dataclass(frozen=True, slots=True)
class TellBoot:
    """Tell where this child is, which has been starting for so many seconds."""

    child: ChildRecord
    silent: float


@dataclass(frozen=True, slots=True)
class KillHung:
    """Kill this child's session: it has shown no sign of life for so many seconds, and no handler runs in it."""

    child: ChildRecord
    silent: float


Enforcement = Interrupt | DumpStack | CancelKill | KillForJob | LookInto | TellBoot | KillHung
Action = Spawn | RequestState | Wake | Kill | Retire | Enforcement
