"""Does to a child what is due for its late jobs, or since it hangs: the effects that go with ``overdue.py`` and
``hung.py``. Used by the loop.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic_ns
from uuid import UUID

from pooljobs.process.child_signals import INTERRUPT
from pooljobs.scoreboard import HeldJob, Scoreboard
from pooljobs_supervisor.fleet.actions import (
    Enforcement,
    Execute,
    Expose,
    Interrupt,
    KillHung,
    LookInto,
    Spare,
    TellBoot,
)
from pooljobs_supervisor.fleet.children import ChildRecord
from pooljobs_supervisor.forking.stacks import Stacks, account, whereabouts
from pooljobs_supervisor.nursery import Nursery
from pooljobs_supervisor.telling.story import Story


@dataclass(frozen=True, slots=True)
class Enforcer:
    """Signals workers, and has them killed. ``killed`` and ``killed_ns`` in a slot tell the steward of it."""

    _board: Scoreboard
    _nursery: Nursery
    _stacks: Stacks
    _story: Story

    def enforce(self, action: Enforcement) -> None:
        """Carry out what the watcher asked for."""
        match action:
            case Interrupt(child):
                with suppress(ProcessLookupError):
                    os.kill(child.pid, INTERRUPT)
            case Expose(child):
                self._expose(child)
            case Spare(child):
                slot = self._board.slot(child.slot)
                slot.killed = slot.killed_ns = 0
            case Execute(child, job):
                self._execute(child, job)
            case LookInto(child):
                self._stacks.ask(child.pid)
            case TellBoot(child, silent):
                self._story.slow_boot(child, silent, whereabouts(self._stacks.read(child.pid)))
            case KillHung(child, silent):
                self._kill_hung(child, silent)

    def _expose(self, child: ChildRecord) -> None:
        """However the worker dies from now on, its late jobs are charged and no others: the dump might crash it."""
        slot = self._board.slot(child.slot)
        slot.killed_ns = monotonic_ns()
        slot.killed = 1
        self._stacks.ask(child.pid)

    def _kill_hung(self, child: ChildRecord, silent: float) -> None:
        child.hung = True
        self._story.hung(child, silent, whereabouts(self._stacks.read(child.pid)))
        self._nursery.kill(child)

    def _execute(self, child: ChildRecord, job: HeldJob) -> None:
        """Kill, with the stack on record; told once, however often it takes."""
        slot = self._board.slot(child.slot)
        if not child.executed:
            child.executed = True
            slot.stack = account(self._stacks.read(child.pid)).encode()
            self._story.executing(child, UUID(bytes=job.job_id), why(job, slot.killed_ns))
        self._nursery.kill(child)


def why(job: HeldJob, killed_ns: int) -> str:
    """What its worker is killed for, in words, after the job's name."""
    if 0 < job.hard_ns <= killed_ns:
        return f"has passed its hard time limit of {(job.hard_ns - job.started_ns) / 1e9:g} s"
    return "does not end, though it was cancelled"
