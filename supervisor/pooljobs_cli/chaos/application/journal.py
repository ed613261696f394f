"""The record that handlers keep of their own runs: a file for each worker process, which outlives its death.

A line is in the kernel's hands when the write returns, so that neither kill -9 nor a database that is away loses one.
Times are of the monotonic clock, which all processes of this machine share.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

import pooljobs
from pooljobs import JobContext

FOLDER: Final = "POOLJOBS_CHAOS_JOURNAL"
"""Variable that tells workers where the journals go."""

INCARNATION: Final = "POOLJOBS_CHAOS_INCARNATION"
"""Variable that tells workers which start of which supervisor they belong to."""

_SUFFIX: Final = ".journal"


@dataclass(slots=True)
class JournalRun:
    """One run of a handler. ``ended_ns`` is None if its process died in it; ``code`` is where its pooljobs lies."""

    job_id: UUID
    fence: int
    _: KW_ONLY
    token: int
    attempt: int
    incarnation: int
    pid: int
    code: str
    began_ns: int
    ended_ns: int | None = None
    outcome: str | None = None


def own_code() -> str:
    """Where the pooljobs lies that this process runs."""
    return os.fsdecode(Path(pooljobs.__path__[0]).resolve())


class Journal:
    """Writes the journal of one process."""

    def __init__(self, file: int) -> None:
        self._file = file
        self._write(f"{own_code()}\n")

    @contextmanager
    def run(self, job: JobContext) -> Iterator[None]:
        """Puts the beginning and the end of a run on record."""
        claim = f"{job.id} {job.fence} {job.completion.token if job.completion else 0}"
        self._write(f"B {claim} {job.attempt} {time.monotonic_ns()}\n")
        try:
            yield
        except BaseException:
            self._write(f"E {claim} raised {time.monotonic_ns()}\n")
            raise
        self._write(f"E {claim} returned {time.monotonic_ns()}\n")

    def _write(self, line: str) -> None:
        os.write(self._file, line.encode())


def open_journal() -> Iterator[Journal]:
    """Made in each worker after the fork, closed when it ends."""
    path = Path(os.environ[FOLDER]) / f"{os.environ[INCARNATION]}-{os.getpid()}{_SUFFIX}"
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        yield Journal(file)
    finally:
        os.close(file)


def writers(folder: Path, incarnation: int) -> set[int]:
    """Pids of one supervisor's workers that have run a job."""
    return {int(path.stem.partition("-")[2]) for path in folder.glob(f"{incarnation}-*{_SUFFIX}")}


def read_all(folder: Path) -> Iterator[JournalRun]:
    """Every run on record."""
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        incarnation, _, pid = path.stem.partition("-")
        with path.open() as lines:
            yield from read(lines, int(incarnation), int(pid))


def read(lines: Iterator[str], incarnation: int, pid: int) -> Iterator[JournalRun]:
    """The runs of one process. A last line that is cut short is passed over.

    Raises:
        ValueError: A line that is none of ours.
    """
    code = next(lines, "").rstrip("\n")
    open_runs: dict[tuple[str, ...], JournalRun] = {}
    for line in lines:
        if not line.endswith("\n"):
            continue
        kind, *claim, third, time_ns = line.split()
        key = tuple(claim)
        if kind == "B":
            if key in open_runs:  # the same claim ran twice: both are told
                yield open_runs[key]
            job_id, fence, token = claim
            open_runs[key] = JournalRun(
                UUID(job_id),
                int(fence),
                token=int(token),
                attempt=int(third),
                incarnation=incarnation,
                pid=pid,
                code=code,
                began_ns=int(time_ns),
            )
        else:
            run = open_runs.pop(key)
            run.outcome, run.ended_ns = third, int(time_ns)
            yield run
    yield from open_runs.values()
