"""Puts children into slots, and takes the dead out: the effects that go with ``children.py``'s books.

Called by the loop. Everything that a fork touches outside the child itself (slot, books, death watch) happens here.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from functools import partial
from logging import Logger

from pooljobs.child import Child, ChildMain
from pooljobs.scoreboard import Killed, Role, Scoreboard, Slot, SlotState, Wanted
from pooljobs_supervisor.children import ChildRecord, Children, Place
from pooljobs_supervisor.deaths import DeathWatch, End, Process, reap
from pooljobs_supervisor.oom import OomCounter, own_events
from pooljobs_supervisor.parent_death import parent_death_signal
from pooljobs_supervisor.plan import SlotCount
from pooljobs_supervisor.spawn import fork, settle_in_child
from pooljobs_supervisor.stacks import Stacks, close


@dataclass(frozen=True, slots=True)
class Burial:
    """A child that has ended: how, with how many jobs in its hands, and what had been asked of it."""

    child: ChildRecord
    status: int
    held: int
    killed: bool
    wanted: Wanted


class Nursery:
    """Births and burials of one supervisor."""

    def __init__(
        self,
        board: Scoreboard,
        children: Children,
        watch: DeathWatch,
        lifeline_fd: int,
        *,
        mains: Mapping[Role, ChildMain],
        forget: Callable[[], None],
        stacks: Stacks,
        log: Logger,
    ) -> None:
        """``forget`` is run in each child and closes what belongs to the supervisor alone."""
        self._board = board
        self._children = children
        self._watch = watch
        self._lifeline_fd = lifeline_fd
        self._mains = mains
        self._forget = forget
        self._stacks = stacks
        self._log = log
        self._tell_of_parent = parent_death_signal()
        self._processes: dict[int, Process] = {}
        self._oom = OomCounter(own_events())

    def count_slots(self) -> SlotCount:
        """Count free and dead slots; one that a living child sits in is neither, whatever stands in it."""
        taken = self._children.slots
        states = [slot.state for slot in self._board if slot.index not in taken]
        return SlotCount(free=states.count(SlotState.FREE), dead=states.count(SlotState.DEAD))

    @property
    def pids(self) -> Container[int]:
        """Children that this nursery reaps."""
        return self._processes.keys()

    def spawn(self, place: Place, now: float) -> ChildRecord | OSError:
        """Fork a child into a free slot. A refusal by the system is noted as a death and returned."""
        slot = self._free_slot()
        slot.role, slot.ordinal, slot.state = place.role, place.ordinal, SlotState.BOOTING
        stack_fd = self._stacks.make() if place.role is Role.WORKER else -1
        child = Child(self._board, slot, self._lifeline_fd, os.getpid(), stack_fd)
        settle_in = partial(settle_in_child, child, self._forget, self._tell_of_parent)
        try:
            life = partial(self._mains[place.role], child)
            process = fork(str(place), settle_in, life, self._log, farewell=place.role is Role.WORKER)
        except OSError as error:
            slot.clear()
            close(stack_fd)
            self._children.not_born(place, now)
            return error
        pid = process.pid or 0
        slot.pid = pid
        record = ChildRecord(place, pid, slot.index, now, generation=self._children.generation)
        self._processes[pid] = process
        self._children.born(record)
        self._stacks.keep(pid, stack_fd)
        self._watch.watch(pid)
        return record

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

    def bury(self, pid: int, now: float) -> Burial | None:
        """Reap a child that has ended. Its slot becomes DEAD if the steward has jobs to release, else FREE at once.

        A slot that the supervisor frees itself never shows DEAD: the steward might clear it once more, later.
        """
        end = reap(self._processes[pid])
        if end is None:
            return None
        del self._processes[pid]
        self._watch.forget(pid)
        self._stacks.drop(pid)
        record = self._children.died(pid, now)
        slot = self._board.slot(record.slot)
        burial = Burial(record, end.status, len(slot.held()), bool(slot.killed), slot.wanted)
        out_of_memory = self._oom.rose() and end.status == -signal.SIGKILL
        if record.place.role is Role.STEWARD or slot.worker_id == 0:
            slot.clear()
        else:
            _write_on(slot, end, out_of_memory=out_of_memory)
        return burial

    def kill(self, record: ChildRecord) -> None:
        """SIGKILL a child and its session's group; its death then charges no job a crash."""
        self._board.slot(record.slot).killed = Killed.ON_PURPOSE
        try:
            os.killpg(record.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # not in its own session yet, or (macOS) dead and unreaped
            os.kill(record.pid, signal.SIGKILL)


def _write_on(slot: Slot, end: End, *, out_of_memory: bool) -> None:
    """Leave word of an end for the steward; the state goes last."""
    slot.exit_status = end.status
    slot.out_of_memory = int(out_of_memory)
    slot.died_ns = time.monotonic_ns()
    if end.usage is not None:
        slot.cpu_us = int(end.usage.cpu_seconds * 1e6)
        slot.peak_memory = end.usage.peak_memory
    slot.state = SlotState.DEAD
