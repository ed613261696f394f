"""Does to a child what is due for its late jobs, or since it hangs: the effects that go with ``deadline_watcher.py``
and ``hang_watchdog.py``. Used by the loop.
"""

from __future__ import annotations

import os
from contextlib import suppress
from time import monotonic_ns
from uuid import UUID

from pooljobs.process.child_signals import INTERRUPT
from pooljobs.scoreboard import HeldJob, Scoreboard
from pooljobs_supervisor.child_processes import ChildProcesses
from pooljobs_supervisor.fleet.actions import (
    CancelKill,
    DumpStack,
    Enforcement,
    Interrupt,
    KillForJob,
    KillHung,
    LookInto,
    TellBoot,
)
from pooljobs_supervisor.fleet.children import ChildRecord
from pooljobs_supervisor.forking.stack_files import StackFiles, account, whereabouts
from pooljobs_supervisor.reporting.supervisor_log import SupervisorLog


class DeadlineEnforcer:
    """Signals workers, and has them killed. ``killed`` and ``killed_ns`` in a slot tell the steward of it."""

    def __init__(
        self,
        board: Scoreboard,
        child_processes: ChildProcesses,
        *,
        stack_files: StackFiles,
        supervisor_log: SupervisorLog,
    ) -> None:
        self._board = board
        self._child_processes = child_processes
        self._stack_files = stack_files
        self._supervisor_log = supervisor_log

    def enforce(self, action: Enforcement) -> None:
        """Carry out what the watcher asked for."""
        match action:
            case Interrupt(child):
                with suppress(ProcessLookupError):
                    os.kill(child.pid, INTERRUPT)
            case DumpStack(child):
                self._expose(child)
            case CancelKill(child):
                slot = self._board.slot(child.slot)
                slot.killed = slot.killed_ns = 0
            case KillForJob(child, job):
                self._execute(child, job)
            case LookInto(child):
                self._stack_files.ask(child.pid)
            case TellBoot(child, silent):
                self._supervisor_log.slow_boot(child, silent, whereabouts(self._stack_files.read(child.pid)))
            case KillHung(child, silent):
                self._kill_hung(child, silent)

    def _expose(self, child: ChildRecord) -> None:
        """However the worker dies from now on, its late jobs are charged and no others: the dump might crash it."""
        slot = self._board.slot(child.slot)
        slot.killed_ns = monotonic_ns()
        slot.killed = 1
        self._stack_files.ask(child.pid)

    def _kill_hung(self, child: ChildRecord, silent: float) -> None:
        child.hung = True
        self._supervisor_log.hung(child, silent, whereabouts(self._stack_files.read(child.pid)))
        self._child_processes.kill(child)

    def _execute(self, child: ChildRecord, job: HeldJob) -> None:
        """Kill, with the stack on record; told once, however often it takes."""
        slot = self._board.slot(child.slot)
        if not child.executed:
            child.executed = True
            slot.stack = account(self._stack_files.read(child.pid)).encode()
            self._supervisor_log.executing(child, UUID(bytes=job.job_id), why(job, slot.killed_ns))
        self._child_processes.kill(child)


def why(job: HeldJob, killed_ns: int) -> str:
    """What its worker is killed for, in words, after the job's name."""
    if 0 < job.hard_ns <= killed_ns:
        return f"has passed its hard time limit of {(job.hard_ns - job.started_ns) / 1e9:g} s"
    return "does not end, though it was cancelled"
