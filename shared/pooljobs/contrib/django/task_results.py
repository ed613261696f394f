"""What became of a task, as ``django.tasks`` tells it: read by the view ``jobs``, on Django's own connection."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.tasks.base import Task, TaskError, TaskResult, TaskResultStatus
from django.tasks.exceptions import TaskResultDoesNotExist
from django.utils.module_loading import import_string

from pooljobs.contrib.django.project_jobs import app
from pooljobs.job.result_errors import JobCancelledError, JobFailedError, NoResultError

if TYPE_CHECKING:
    from pooljobs.contrib.django.models import Job

_STATUSES: Final = {
    "pending": TaskResultStatus.READY,
    "running": TaskResultStatus.RUNNING,
    "completed": TaskResultStatus.SUCCESSFUL,
    "failed": TaskResultStatus.FAILED,
    "cancelled": TaskResultStatus.FAILED,
}
_RAISED: Final = re.compile(r"([A-Za-z_][\w.]*)(?=: |\n|\Z)")
"""The class at the beginning of an error's text; what no handler raised does not begin with one."""


def result_of(result_id: str, backend: str) -> TaskResult[..., Any]:
    """What is known of the job with this id.

    Raises:
        TaskResultDoesNotExist: There is none, or it is of no task.
    """
    from pooljobs.contrib.django.models import Job  # there is none before Django's apps are ready

    try:
        job = Job.objects.defer(None).get(pk=UUID(result_id))
    except (ValueError, Job.DoesNotExist) as error:
        raise TaskResultDoesNotExist(result_id) from error
    result: TaskResult[..., Any] = TaskResult(
        task=_task_of(job),
        id=str(job.id),
        status=_STATUSES[job.status],
        enqueued_at=enqueued_at(job.id),
        started_at=job.started_at,
        finished_at=job.finished_at,
        last_attempted_at=job.started_at,
        args=job.payload["args"],
        kwargs=job.payload["kwargs"],
        backend=backend,
        errors=[_error_of(job)] if job.status in ("failed", "cancelled") else [],
        worker_ids=runs(job.attempts),
    )
    if job.status == "completed":
        with suppress(NoResultError):  # it was not JSON, say: that is told with the job
            put_value(result, app.handle(job.id).result(timeout=0))
    return result


def put_value(result: TaskResult[..., Any], value: Any) -> None:
    """Gives a result its return value, as Django's own backends do."""
    object.__setattr__(result, "_return_value", value)


def enqueued_at(job_id: UUID) -> datetime:
    """When the job was enqueued, by the database's clock: its id tells."""
    return datetime.fromtimestamp((job_id.int >> 80) / 1000, UTC)


def runs(attempts: int) -> list[str]:
    """As ``worker_ids``, which Django counts: which worker had each run is not kept."""
    return [f"run {number}" for number in range(1, attempts + 1)]


def _task_of(job: Job) -> Any:
    try:
        task = import_string(job.job_type)
    except ImportError as error:
        raise TaskResultDoesNotExist(str(job.id)) from error
    if not isinstance(task, Task) or not isinstance(job.payload, dict) or {"args", "kwargs"} - job.payload.keys():
        raise TaskResultDoesNotExist(str(job.id))
    return task


def _error_of(job: Job) -> TaskError:
    """The last error; only its text was stored."""
    told = job.last_error or ""
    raised = _RAISED.match(told)
    if raised is None:
        kind = JobCancelledError if job.status == "cancelled" else JobFailedError
        path = f"{kind.__module__}.{kind.__qualname__}"
    else:
        path = raised[1] if "." in raised[1] else f"builtins.{raised[1]}"
    return TaskError(exception_class_path=path, traceback=told)
