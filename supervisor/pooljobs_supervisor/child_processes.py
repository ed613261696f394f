"""Puts children into slots, and takes the dead out: the effects that go with ``children.py``'s books.

Called by the loop. Everything that a fork touches outside the child itself (slot, books, death watch) happens here.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Collection, Mapping
from functools import partial
from logging import Logger

from pooljobs.process.child import Child, ChildMain
from pooljobs.scoreboard import Killed, Role, Scoreboard, Slot, SlotState
from pooljobs.scoreboard.worker_death import record_death
from pooljobs_supervisor.fleet.children import ChildRecord, Children, Position
from pooljobs_supervisor.fleet.plan import SlotCount
from pooljobs_supervisor.forking.exit_watch import ExitWatch, Process, Reapable, reap
from pooljobs_supervisor.forking.measured_process import AdoptedProcess
from pooljobs_supervisor.forking.oom import OomCounter, own_events
from pooljobs_supervisor.forking.parent_death import parent_death_signal
from pooljobs_supervisor.forking.reaped import ReapedChild
from pooljobs_supervisor.forking.spawn import fork, settle_in_child
from pooljobs_supervisor.forking.stack_files import StackFiles, close
from pooljobs_supervisor.zygote.manager import ZygoteManager


class ChildProcesses:
    """The children of one supervisor: forked, adopted, reaped."""

    def __init__(
        self,
        board: Scoreboard,
        children: Children,
        *,
        watch: ExitWatch,
        lifeline_fd: int,
        mains: Mapping[Role, ChildMain],
        forget: Callable[[], None],
        stack_files: StackFiles,
        log: Logger,
        manager: ZygoteManager | None = None,
    ) -> None:
        """``forget`` is run in each child and closes what belongs to the supervisor alone. With a ``keeper`` workers
        are not forked here, but asked of its zygotes.
        """
        self._board = board
        self._children = children
        self._watch = watch
        self._lifeline_fd = lifeline_fd
        self._mains = mains
        self._forget = forget
        self._stack_files = stack_files
        self._log = log
        self._manager = manager
        self._tell_of_parent = parent_death_signal()
        self._processes: dict[int, Reapable] = {}
        self._oom = OomCounter(own_events())

    def count_slots(self) -> SlotCount:
        """Count free and dead slots; one that a living child sits in is neither, whatever stands in it."""
        taken = self._children.slots
        states = [slot.state for slot in self._board if slot.index not in taken]
        forks_workers = self._manager is None or self._manager.can_ask
        return SlotCount(states.count(SlotState.FREE), states.count(SlotState.DEAD), forks_workers)

    @property
    def pids(self) -> Collection[int]:
        """Children that this supervisor reaps."""
        return self._processes.keys()

    def spawn(self, position: Position, now: float) -> OSError | None:
        """Fork a child into a free slot, or ask for one, who then comes by ``admit``.

        A refusal by the system is noted as a failed start and returned.
        """
        self._children.forks.spend(now)
        slot = self._free_slot()
        slot.role, slot.ordinal, slot.heartbeat_ns = position.role, position.ordinal, time.monotonic_ns()
        slot.state = SlotState.BOOTING
        stack_fd = self._stack_files.make() if position.role is Role.WORKER else -1
        try:
            if self._manager is not None and position.role is Role.WORKER:
                self._ask(self._manager, position, slot, stack_fd, now)
            else:
                process = self._fork(position, slot, stack_fd)
                self._enter(position, process, slot.index, self._children.generation, now)
                self._stack_files.keep(process.pid or 0, stack_fd)
        except OSError as error:
            self._fork_failed(position, slot, stack_fd, now)
            return error
        return None

    def adopt(self, now: float) -> list[tuple[Position, OSError | None]]:
        """Enter workers that have come from a zygote; returns those who have not, with the system's refusal if any.

        They are noted as failed starts, as are those of whom nothing is heard: they, or their zygote, were killed on
        the way.
        """
        missing: list[tuple[Position, OSError | None]] = []
        for birth, pid, number in self._manager.spawn_requests.answered() if self._manager is not None else ():
            slot = self._board.slot(birth.slot)
            self._children.come(birth.position)
            if pid:
                self._enter(birth.position, AdoptedProcess(pid), birth.slot, birth.generation, now)
                self._stack_files.keep(pid, birth.stack_fd)
                continue
            self._fork_failed(birth.position, slot, birth.stack_fd, now)
            missing.append((birth.position, OSError(number, os.strerror(number)) if number else None))
        return missing

    def _fork(self, position: Position, slot: Slot, stack_fd: int) -> Process:
        child = Child(self._board, slot, lifeline_fd=self._lifeline_fd, parent_pid=os.getpid(), stack_fd=stack_fd)
        settle_in = partial(settle_in_child, child, self._forget, self._tell_of_parent)
        life = partial(self._mains[position.role], child)
        return fork(str(position), settle_in, life, self._log, exit_handlers=position.role is Role.WORKER)

    def _ask(self, manager: ZygoteManager, position: Position, slot: Slot, stack_fd: int, now: float) -> None:
        if manager.ask(position, slot.index, stack_fd, now):
            self._children.expect(position, slot.index)
        else:
            _leave(slot, stack_fd)

    def _enter(self, position: Position, process: Reapable, slot: int, generation: int, now: float) -> None:
        pid = process.pid or 0
        self._board.slot(slot).pid = pid
        self._processes[pid] = process
        superfluous = self._children.taken(position)  # who was to leave was let stay, while this one was on its way
        record = ChildRecord(position, pid, slot=slot, forked=now, retiring=superfluous, generation=generation)
        self._children.forked(record)
        self._watch.watch(pid)

    def _fork_failed(self, position: Position, slot: Slot, stack_fd: int, now: float) -> None:
        _leave(slot, stack_fd)
        self._children.fork_failed(position, now)

    def _free_slot(self) -> Slot:
        taken = self._children.slots
        return next(slot for slot in self._board if slot.index not in taken and slot.state is SlotState.FREE)

    def newly_ready(self, now: float) -> list[ChildRecord]:
        """Children that have become READY since the last call."""
        ready = [
            record
            for record in self._children.all
            if record.ready_at is None and self._board.slot(record.slot).state is SlotState.READY
        ]
        for record in ready:
            record.ready_at = now
        return ready

    def reap(self, pid: int, now: float) -> ReapedChild | None:
        """Reap a child that has ended. Its slot becomes DEAD if the steward has jobs to release, else FREE at once.

        A slot that the supervisor frees itself never shows DEAD: the steward might clear it once more, later.
        """
        end = reap(self._processes[pid])
        if end is None:
            return None
        del self._processes[pid]
        self._watch.forget(pid)
        self._stack_files.drop(pid)
        slot = self._board.slot(self._children.of(pid).slot)
        came_up = slot.state is SlotState.READY  # it may have become so since the loop last looked
        record = self._children.died(pid, now, came_up=came_up)
        reaped = ReapedChild(record, end.status, held=len(slot.held()), killed=bool(slot.killed), wanted=slot.wanted)
        out_of_memory = self._oom.rose() and end.status == -signal.SIGKILL
        if record.position.role is Role.STEWARD or slot.worker_id == 0:
            slot.clear()
        else:
            used = end.usage
            record_death(
                slot,
                end.status,
                out_of_memory=out_of_memory,
                cpu_seconds=used and used.cpu_seconds,
                peak_memory=used and used.peak_memory,
            )
        return reaped

    def wake_idle(self) -> None:
        """Wake the workers that sleep for want of work."""
        for slot in self._board:
            if slot.idle_since_ns and slot.state is SlotState.READY:
                slot.wake()

    def kill(self, record: ChildRecord) -> None:
        """SIGKILL a child and its session's group; its death then charges no job a crash."""
        self._board.slot(record.slot).killed = Killed.ON_PURPOSE
        try:
            os.killpg(record.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # not in its own session yet, or (macOS) dead and unreaped
            os.kill(record.pid, signal.SIGKILL)


def _leave(slot: Slot, stack_fd: int) -> None:
    """Free what was kept for a child that there will not be."""
    slot.clear()
    close(stack_fd)
