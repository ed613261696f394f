"""What the end of a fleet still waits for, and how to say it: from the books and the scoreboard to a line of text.

Pure. Used by ``drain_display.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple
from uuid import UUID

from pooljobs.scoreboard import EntryState, Scoreboard
from pooljobs_supervisor.fleet.children import Children
from pooljobs_supervisor.fleet.lifecycle import LifecycleStage

TOLD_RUNS = 3
"""Of the handlers that run, how many to name: the longest ones."""

_NEXT = {
    LifecycleStage.DRAIN: "Ctrl-C gives back what has not begun",
    LifecycleStage.RELEASE: "Ctrl-C kills what runs",
}


class RunInProgress(NamedTuple):
    """A handler that runs, for so many seconds, in the worker with this number."""

    ordinal: int
    job_id: UUID
    seconds: float

    def __str__(self) -> str:
        return f"worker {self.ordinal} runs {self.job_id} for {self.seconds:.0f} s"

    @property
    def short(self) -> str:
        """Without the job, where there is no room for its id."""
        return f"worker {self.ordinal} for {self.seconds:.0f} s"


@dataclass(frozen=True, slots=True)
class DrainProgress:
    """Workers that have not left, jobs that they hold, and the ``TOLD_RUNS`` longest runs, longest first."""

    workers: int
    jobs: int
    runs: tuple[RunInProgress, ...]

    def __str__(self) -> str:
        return f"{_count(self.workers, 'worker')}, {_count(self.jobs, 'job')}"


def look_at(children: Children, board: Scoreboard, now: float) -> DrainProgress:
    """What is awaited at this moment; ``now`` is monotonic seconds."""
    held = [(worker.position.ordinal, job) for worker in children.workers for job in board.slot(worker.slot).held()]
    runs = [
        RunInProgress(ordinal, UUID(bytes=job.job_id), max(0.0, now - job.started_ns / 1e9))
        for ordinal, job in held
        if job.state is EntryState.RUNNING
    ]
    longest = sorted(runs, key=lambda run: -run.seconds)[:TOLD_RUNS]
    return DrainProgress(len(children.workers), len(held), tuple(longest))


def log_line(awaited: DrainProgress, left: float) -> str:
    """For a log: all that is known. ``left`` is the seconds until what runs is killed."""
    return "; ".join([f"waiting for {awaited}", *map(str, awaited.runs), f"{_whole(left)} s left"])


def status_line(awaited: DrainProgress, stage: LifecycleStage, left: float, width: int) -> str:
    """For the last line of a terminal with ``width`` columns: as much as fits.

    What goes first are the runs, the shortest of them before the others, then what the next Ctrl-C does.
    """
    return next((line for line in _ever_shorter(awaited, stage, left) if len(line) < width), "")


def _ever_shorter(awaited: DrainProgress, stage: LifecycleStage, left: float) -> Iterator[str]:
    head, tail = f"waiting for {awaited}", [f"{_whole(left)} s left", _NEXT.get(stage, "")]
    whole, short = [str(run) for run in awaited.runs], [run.short for run in awaited.runs]
    counts = range(len(whole), 0, -1)
    for runs in [*(whole[:count] for count in counts), *(short[:count] for count in counts), []]:
        yield "; ".join(filter(None, [head, *runs, *tail]))
    yield "; ".join([head, tail[0]])
    yield tail[0]


def _whole(seconds: float) -> int:
    """Whole seconds of what is left: it shows 0 only at its end."""
    return max(0, ceil(seconds))


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
