"""Looks on the scoreboard for jobs that are past their limits, or are to be cancelled. A watcher.

Only the supervisor can do that: a handler that hangs, or holds the interpreter, is beyond the reach of its own process.
It looks at the shortest limit's pace, so that a worker need not tell it when a job with a limit begins.
"""

from __future__ import annotations

from pooljobs_supervisor.fleet.actions import Action, CancelKill, DumpStack, Interrupt, KillForJob
from pooljobs_supervisor.fleet.children import ChildRecord
from pooljobs_supervisor.fleet.fleet_state import FleetState
from pooljobs_supervisor.fleet.lifecycle import LifecycleStage
from pooljobs_supervisor.fleet.plan import EAGER_TICK, IDLE_TICK
from pooljobs_supervisor.forking.stack_files import StackFiles
from pooljobs_supervisor.limits.job_deadlines import NEVER, DeadlineStep, JobDeadlines


class DeadlineWatcher:
    """Has late jobs interrupted, and then their workers killed."""

    def __init__(self, fleet: FleetState, stack_files: StackFiles) -> None:
        self._board = fleet.board
        self._children = fleet.children
        self._lifecycle = fleet.lifecycle
        self._stack_files = stack_files
        self._books: dict[int, JobDeadlines] = {}
        self._next_ns = NEVER

    def check(self, now: float) -> list[Action]:
        """What is to be done about each worker; at the end of the course all are killed anyway."""
        self._next_ns = NEVER
        if self._lifecycle.stage >= LifecycleStage.KILL:
            return []
        ready = [child for child in self._children.workers if child.ready_at is not None]
        self._books = {child.pid: self._books.get(child.pid, JobDeadlines()) for child in ready}
        return [action for child in ready if (action := self._judge(child, int(now * 1e9))) is not None]

    def next_check(self, now: float) -> float:
        """Until the next limit of a job that runs; less than the shortest one, since it may have begun just now."""
        limits = [self._board.slot(child.slot).shortest_limit_ns for child in self._children.workers]
        shortest = max(EAGER_TICK, min((ns / 1e9 for ns in limits if ns > 0), default=IDLE_TICK))
        return min(IDLE_TICK, shortest, max(0.0, self._next_ns / 1e9 - now))

    def _judge(self, child: ChildRecord, now_ns: int) -> Action | None:
        running = self._board.slot(child.slot).running()
        books = self._books[child.pid]
        step = books.decide(running, now_ns, self._stack_files.size(child.pid) if books.target else 0)
        self._next_ns = min(self._next_ns, books.next_ns(running, now_ns))
        match step:
            case DeadlineStep.INTERRUPT:
                return Interrupt(child)
            case DeadlineStep.SPARE:
                return CancelKill(child)
            case DeadlineStep.EXPOSE:
                return DumpStack(child)
            case DeadlineStep.KILL if books.target is not None:
                return KillForJob(child, books.target)
            case _:
                return None
