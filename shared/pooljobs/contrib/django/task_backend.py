"""``django.tasks`` of Django 6 on pooljobs: ``"BACKEND": "pooljobs.contrib.django.PoolJobsBackend"`` in ``TASKS``.

A task is a job type of the project's application, named by its path, from its declaration on. What it returns is kept.
"""

from __future__ import annotations

from datetime import datetime
from inspect import iscoroutinefunction
from traceback import format_exception
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeAlias, TypeVar
from uuid import UUID

from django.tasks.backends.base import BaseTaskBackend
from django.tasks.base import Task, TaskContext, TaskError, TaskResult, TaskResultStatus
from django.tasks.signals import task_enqueued, task_finished, task_started
from django.utils import timezone
from django.utils.json import normalize_json

from pooljobs.contrib.django.project_jobs import app
from pooljobs.contrib.django.task_results import enqueued_at, put_value, result_of, runs
from pooljobs.errors import OptionError
from pooljobs.handler.context import JobContext
from pooljobs.job.options import check_max_retries

if TYPE_CHECKING:
    AnyTask: TypeAlias = Task[..., Any]

P = ParamSpec("P")
R = TypeVar("R")

_OPTION: Final = "max_attempts"
_RANGE: Final = 25
"""Django's priorities are from -100 to 100, larger first; ours from -4 to 4, smaller first."""


class PoolJobsBackend(BaseTaskBackend):
    """Enqueues on Django's own connection, with its transaction.

    ``OPTIONS`` may have ``max_attempts``: the runs that a task has, if it fails. Default 1: who writes for
    ``django.tasks`` does not reckon with more.

    Raises:
        OptionError: ``OPTIONS`` has something else, or no number of runs.
    """

    supports_defer = True
    supports_async_task = True
    supports_get_result = True
    supports_priority = True

    def __init__(self, alias: str, params: dict[str, Any]) -> None:
        super().__init__(alias, params)
        if unknown := set(self.options) - {_OPTION}:
            raise OptionError(f"TASKS[{alias!r}]['OPTIONS'] knows no {min(unknown)!r}", hint=f"it has {_OPTION}")
        self._runs: int = self.options.get(_OPTION, 1)
        check_max_retries(self._runs)

    def validate_task(self, task: AnyTask) -> None:
        """As Django does it for each task that is declared; from then on workers know its job type."""
        super().validate_task(task)
        if task.module_path not in app.registry:
            app.job(name=task.module_path, queue=task.queue_name, max_attempts=self._runs, result=True)(
                _handler_of(task)
            )

    def get_result(self, result_id: str) -> TaskResult[..., Any]:
        """What has become of a task.

        Raises:
            TaskResultDoesNotExist: There is none of this id.
        """
        return result_of(result_id, self.alias)

    def enqueue(self, task: Task[P, R], args: Any, kwargs: Any) -> TaskResult[P, R]:
        """Stores one job; what is returned is as it was enqueued, until it is refreshed."""
        self.validate_task(task)
        options = app.registry[task.module_path].options(
            queue=task.queue_name,
            priority=round(-task.priority / _RANGE),
            run_at=_aware(task.run_after),
            max_attempts=self._runs,
        )
        handle = options.enqueue(args=normalize_json(args), kwargs=normalize_json(kwargs))
        result = _result(task, handle.id, {"args": list(args), "kwargs": dict(kwargs)}, TaskResultStatus.READY)
        task_enqueued.send(type(self), task_result=result)
        return result


def _handler_of(task: AnyTask) -> Any:
    """A plain or an async one, as the task's function."""
    if iscoroutinefunction(task.func):

        async def run_async(job: JobContext, args: list[Any], kwargs: dict[str, Any]) -> Any:
            run = _Run(task, job, args, kwargs)
            with run:
                return run.returned(await task.func(*run.args, **kwargs))

        return run_async

    def run_plain(job: JobContext, args: list[Any], kwargs: dict[str, Any]) -> Any:
        run = _Run(task, job, args, kwargs)
        with run:
            return run.returned(task.func(*run.args, **kwargs))

    return run_plain


class _Run:
    """One run: Django's signals around it, and the context that its function may take."""

    def __init__(self, task: AnyTask, job: JobContext, args: list[Any], kwargs: dict[str, Any]) -> None:
        self._backend = type(task.get_backend())
        self._result = _result(task, job.id, {"args": args, "kwargs": kwargs}, TaskResultStatus.RUNNING)
        self._result.worker_ids.extend(runs(job.attempt))
        self.args = [TaskContext(task_result=self._result), *args] if task.takes_context else args

    def returned(self, value: Any) -> Any:
        """Shows the task's value to whoever hears of its end."""
        put_value(self._result, value)
        return value

    def __enter__(self) -> None:
        task_started.send(self._backend, task_result=self._result)

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        status = TaskResultStatus.SUCCESSFUL if error is None else TaskResultStatus.FAILED
        object.__setattr__(self._result, "status", status)
        if error is not None:
            kind = type(error)
            path, trail = f"{kind.__module__}.{kind.__qualname__}", "".join(format_exception(error))
            self._result.errors.append(TaskError(exception_class_path=path, traceback=trail))
        task_finished.send(self._backend, task_result=self._result)


def _result(task: Task[P, R], job_id: UUID, payload: dict[str, Any], status: Any) -> TaskResult[P, R]:
    """Of times only what the id tells: when the job was enqueued, by the database's clock."""
    return TaskResult(
        task=task,
        id=str(job_id),
        status=status,
        enqueued_at=enqueued_at(job_id),
        started_at=None,
        finished_at=None,
        last_attempted_at=None,
        backend=task.backend,
        errors=[],
        worker_ids=[],
        **payload,
    )


def _aware(moment: datetime | None) -> datetime | None:
    return timezone.make_aware(moment) if moment is not None and timezone.is_naive(moment) else moment
