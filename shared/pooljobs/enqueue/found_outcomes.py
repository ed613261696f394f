"""What a job that was looked up tells: its status, its result or why there is none. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol
from uuid import UUID

from pooljobs.errors import PayloadError
from pooljobs.escaping import escaped
from pooljobs.job.error_text import LONGEST_HEADLINE
from pooljobs.job.job_progress import JobProgress
from pooljobs.job.job_status import FoundJob, JobResult, JobStatus
from pooljobs.job.result_errors import (
    JobCancelledError,
    JobFailedError,
    NoResultError,
    ResultNotReadyError,
    UnknownJobError,
)
from pooljobs.payload.encoding import decode

_KEEP: Final = "have its type keep them: @app.job(result=True), or PoolJobs(results=True), in the workers' code too"
_WHY_NONE: Final = (
    "the code that ran it keeps none, it was completed by complete_with, a hook kept its error to itself, "
    "or its worker died as it ended"
)
_OTHER_CODE: Final = "other code has run it, or the handler returned what it does not announce: see  pooljobs jobs show"
_COMMIT: Final = "if it was enqueued in a transaction of yours, commit that first"


class DeclaredResult(Protocol):
    """What a task says of its results."""

    @property
    def result_limit(self) -> int | None:
        """Bytes that are kept; None: its type keeps none."""

    def read_result(self, text: str) -> Any:
        """The value, from its JSON. Raises PayloadError."""


Declared = Mapping[str, DeclaredResult]
"""The tasks, by job type."""


def status_of(job_id: UUID, found: FoundJob | None) -> JobStatus:
    """As ``JobHandle.status``.

    Raises:
        UnknownJobError: There is no such job.
    """
    if found is None:
        raise _unknown(job_id)
    progress = None if found.progress is None else _progress(found.progress)
    return JobStatus(
        found.state,
        found.attempts,
        error=_first_line(found),
        finished_at=found.finished_at,
        job_type=found.job_type,
        progress=progress,
    )


def outcome_of(job_id: UUID, found: FoundJob | None, declared: Declared) -> JobResult[Any]:
    """What became of a job; of one that has not ended ``ResultNotReadyError``, or that it will have none."""
    if found is None:
        return JobResult(error=_unknown(job_id))
    named = f"job {job_id} ({escaped(found.job_type)})"
    if found.state == "completed":
        return _returned(job_id, found, named, declared)
    if found.state == "failed":
        told = f"{named} failed in run {found.attempts}: {_first_line(found) or 'it is not known why'}"
        error = JobFailedError(told, job_id=job_id, attempts=found.attempts, last_error=found.error or "")
        return JobResult(error=error)
    if found.state == "cancelled":
        return JobResult(error=JobCancelledError(f"{named}: {_first_line(found) or 'cancelled'}", job_id=job_id))
    keeps_none = no_result(job_id, found.job_type, declared)
    return keeps_none or JobResult(error=ResultNotReadyError(f"{named} is {found.state}", job_id=job_id))


def no_result(job_id: UUID, job_type: str, declared: Declared) -> JobResult[Any] | None:
    """Of a job of a type that is declared here and keeps no results: nobody has to wait to know."""
    task = declared.get(job_type)
    if task is None or task.result_limit is not None:
        return None
    told = f"job {job_id}: jobs of type {escaped(job_type)} keep no results"
    return JobResult(error=NoResultError(told, hint=_KEEP, job_id=job_id))


def _returned(job_id: UUID, found: FoundJob, named: str, declared: Declared) -> JobResult[Any]:
    if found.result is None:
        if found.note is not None:
            told = f"{named} is completed, and what it returned was not kept: {escaped(found.note)}"
            return JobResult(error=NoResultError(told, job_id=job_id))
        told = f"{named} is completed without a result: {_WHY_NONE}"
        return JobResult(error=NoResultError(told, hint=_KEEP, job_id=job_id))
    task = declared.get(found.job_type)
    try:
        return JobResult(decode(found.result, where="result") if task is None else task.read_result(found.result))
    except PayloadError as error:
        told = f"{named} is completed, and its result is not what is expected: {error}"
        named_error = PayloadError(told, hint=_OTHER_CODE)
        named_error.__cause__ = error
        return JobResult(error=named_error)


def _progress(stored: str) -> JobProgress | None:
    """None for what no worker of ours has written."""
    try:
        told = decode(stored)
    except PayloadError:
        return None
    match told:
        case {"done": int() | float() as done, "total": int() | float() | None as total, "note": str() | None as note}:
            return JobProgress(done, total, note)
    return None


def _first_line(found: FoundJob) -> str | None:
    if not found.error:
        return None
    return escaped(found.error.split("\n", 1)[0][:LONGEST_HEADLINE])


def _unknown(job_id: UUID) -> UnknownJobError:
    return UnknownJobError(f"there is no job {job_id}", hint=_COMMIT, job_id=job_id)
