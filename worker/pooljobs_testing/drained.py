"""What a drain came to, and when it has gone on for too long. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from pooljobs.job.verdict import Settlement, Verdict
from pooljobs_testing.handler_runner import Ended

SAFETY: Final = 1000
"""Runs after which a drain takes what is still due for a chain without an end."""

_FIELDS: Final = {
    Verdict.COMPLETED: "completed",
    Verdict.FAILED: "failed",
    Verdict.CANCELLED: "cancelled",
    Verdict.SNOOZED: "snoozed",
    Verdict.RETRY: "retried",
    Verdict.SUSPECTED: "retried",
}


@dataclass(frozen=True, kw_only=True)
class Drained:
    """Runs by how they ended. Two are equal whose counts are.

    Attributes:
        completed: Jobs that are done.
        failed: Jobs that have failed for good.
        retried: Runs that failed, of jobs that are to run again.
        snoozed: Runs that put their jobs off.
        cancelled: Jobs that were discarded or cancelled.
        lost: Runs whose job was not there any more, or another's, when they ended.
        errors: Of the runs that failed, their errors as the jobs have them, with tracebacks.
    """

    completed: int = 0
    failed: int = 0
    retried: int = 0
    snoozed: int = 0
    cancelled: int = 0
    lost: int = 0
    errors: tuple[str, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        counts = ", ".join(f"{getattr(self, name)} {name}" for name in (*dict.fromkeys(_FIELDS.values()), "lost"))
        return "\n".join([counts, *self.errors])


class Tally:
    """Counts the runs of one drain."""

    def __init__(self, *, raising: bool, safety: int) -> None:
        self._raising = raising
        self._safety = safety
        self._counts: Counter[str] = Counter()
        self._types: Counter[str] = Counter()
        self._errors: list[str] = []

    def begins(self, job_type: str) -> None:
        """A job is to run.

        Raises:
            AssertionError: There have been too many.
        """
        if self._types.total() >= self._safety:
            job_types = ", ".join(f"{name} ({count} runs)" for name, count in self._types.most_common(3))
            raise AssertionError(
                f"after {self._safety} runs a job of {job_type} is due: a chain without an end, of {job_types};"
                " drain(safety=…) lets more run"
            )
        self._types[job_type] += 1

    def ended(self, run: Ended, *, stored: bool) -> None:
        """It has run, and that is stored.

        Raises:
            BaseException: What it raised, if failures are to be raised.
        """
        settlement = run.settlement
        self._counts[_FIELDS.get(settlement.verdict, "lost") if stored else "lost"] += 1
        if not _failed(settlement):
            return
        self._errors.append(settlement.error or "")
        if self._raising:
            raise run.error or AssertionError(settlement.error)

    @property
    def drained(self) -> Drained:
        """All so far."""
        return Drained(**self._counts, errors=tuple(self._errors))


def _failed(settlement: Settlement) -> bool:
    return settlement.verdict in (Verdict.FAILED, Verdict.RETRY, Verdict.SUSPECTED)
