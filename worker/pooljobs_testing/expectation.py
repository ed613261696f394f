"""Makes of a test's words what is to be compared with jobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pooljobs.application.app import PoolJobs
from pooljobs.application.task import Task
from pooljobs_testing.partial_match import Expected


class _Anything:
    """Stands for what a test says nothing of."""

    def __repr__(self) -> str:
        return "anything"


ANYTHING: Final = _Anything()


def expectation(
    app: PoolJobs, task: Task | str | None, payload: Any, fields: Mapping[str, Any], **options: Any
) -> Expected:
    """What is expected of a job.

    Args:
        app: The application; what it declares under a name is a task.
        task: Its task, or its type's name; None for any.
        payload: The payload, or ``ANYTHING``.
        fields: Fields of it.
        **options: Each an expected value, or ``ANYTHING``.

    Raises:
        TypeError: There are fields beside a payload that has none, or ``task`` is neither.
    """
    if task is not None and not isinstance(task, Task | str):
        raise TypeError(f"a task is what @app.job makes, or its name, not {task!r:.80}")
    known = app.registry.get(task) if isinstance(task, str) else task
    said = {name: value for name, value in options.items() if value is not ANYTHING}
    shown = known.name if known is not None else str(task or "any job")
    return Expected(
        job_types=known.job_types if known is not None else () if task is None else (str(task),),
        shown=shown,
        payload=_payload(known, payload, fields),
        options=said,
        hints=tuple(
            f"{name} is an option here; for the payload's field write {{{name!r}: …}} behind the task"
            for name in said
            if known is not None and name in _fields(known)
        ),
    )


def _payload(task: Task | None, payload: Any, fields: Mapping[str, Any]) -> Any:
    if payload is ANYTHING:
        whole = _whole(task)
        return fields[whole] if whole is not None and set(fields) == {whole} else dict(fields)
    if not fields:
        return payload
    if not isinstance(payload, Mapping):
        raise TypeError(f"fields ({', '.join(fields)}) beside a payload of type {type(payload).__qualname__}")
    return {**payload, **fields}


def _whole(task: Task | None) -> str | None:
    """The name of the parameter that takes the whole payload, if one does."""
    if task is None or not task.binder.signature.whole:
        return None
    return task.binder.signature.payload[0].name


def _fields(task: Task) -> set[str]:
    return {parameter.name for parameter in task.binder.signature.payload}
