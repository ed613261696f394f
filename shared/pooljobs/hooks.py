"""What an application hangs around its jobs: around runs, at enqueues, after failures, at a worker's start and end.

Nothing of it is in the way of an application that registers none: workers compose what surrounds a run when they first
see a job of its type (``pooljobs_worker/dispatch/surround.py``), and leave the handler as it is where there is nothing.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pooljobs.enqueue.replaced_job import check_replaced
from pooljobs.errors import DeclarationError, OptionError, PayloadError
from pooljobs.handler.context import JobContext
from pooljobs.job.new_job import NewJob

Around = Callable[..., Iterator[Any] | AsyncIterator[Any]]
"""A generator function with one ``yield``, at which the handler runs; it takes the ``JobContext``, or nothing."""

OnEnqueue = Callable[[NewJob], NewJob | None]
"""Given a job that is to be stored: another in its place, or None to leave it as it is."""

OnFailure = Callable[[JobContext, BaseException, bool], object]
"""Given a job, what its handler raised, and whether that was its last run."""


@dataclass(slots=True, kw_only=True)
class Hooks:
    """Those of one application, in the order in which they were registered.

    Attributes:
        around: Outermost first.
        awaited: By hooks that surround runs, asynchronous ones that stand in their place around async handlers.
    """

    around: list[Around] = field(default_factory=list)
    awaited: dict[Around, Around] = field(default_factory=dict)
    on_enqueue: list[OnEnqueue] = field(default_factory=list)
    on_failure: list[OnFailure] = field(default_factory=list)
    on_worker_start: list[Callable[[], object]] = field(default_factory=list)
    on_worker_stop: list[Callable[[], object]] = field(default_factory=list)

    def enqueued(self, job: NewJob) -> NewJob:
        """The job as it is to be stored.

        Raises:
            DeclarationError: A hook returned something else, or a job that nobody could enqueue.
            Exception: What a hook raised: nothing is stored then.
        """
        for hook in self.on_enqueue:
            given: object = hook(job)
            if given is not None and not isinstance(given, NewJob):
                hint = "return job._replace(trace_id=…), or None"
                raise DeclarationError(f"{hook_name(hook)} must return the job, not {given!r:.80}", hint=hint)
            if given is not None:
                job = _replaced(hook, job, given)
        return job


def _replaced(hook: OnEnqueue, before: NewJob, after: NewJob) -> NewJob:
    try:
        check_replaced(before, after)
    except (OptionError, PayloadError) as error:
        told = f"{hook_name(hook)} returned another job that cannot be stored: {error}"
        raise DeclarationError(told, hint=error.hint) from None
    return after


def check_around(hook: object) -> None:
    """Refuses what could not surround a run.

    Raises:
        DeclarationError: It is no generator function, or takes more than the job.
    """
    if not (inspect.isgeneratorfunction(hook) or inspect.isasyncgenfunction(hook)):
        hint = "write it as a generator: what is before its yield happens before the run, what is after it afterwards"
        raise DeclarationError(f"{hook_name(hook)}: what surrounds runs must yield once", hint=hint)
    _check_takes(hook, 1, "the JobContext, or nothing")


def check_alike(hook: Around, awaited: Around) -> None:
    """Refuses what could not be called in the place of a hook.

    Raises:
        DeclarationError: One of them takes the job, the other nothing.
    """
    if takes_job(hook) != takes_job(awaited):
        raise DeclarationError(f"{hook_name(hook)} and {hook_name(awaited)} must take the same: the job, or nothing")


def check_plain(hook: object, takes: int, what: str) -> None:
    """Refuses what could not be called where nothing is awaited, with so many arguments.

    Raises:
        DeclarationError: It is no function, or asynchronous, or takes other arguments.
    """
    if not callable(hook) or isinstance(hook, type):
        raise DeclarationError(f"a hook must be a function, not {hook!r:.80}")
    if inspect.iscoroutinefunction(hook) or inspect.isgeneratorfunction(hook) or inspect.isasyncgenfunction(hook):
        raise DeclarationError(f"{hook_name(hook)}: this hook must be a plain function: nobody would await it")
    _check_takes(hook, takes, what, exactly=True)


def takes_job(hook: Around) -> bool:
    """Whether it asks for the job that it surrounds."""
    return bool(inspect.signature(hook).parameters)


def _check_takes(hook: Any, count: int, what: str, *, exactly: bool = False) -> None:
    signature = inspect.signature(hook)
    for given in (count,) if exactly else (count, 0):
        try:
            signature.bind(*([None] * given))
        except TypeError:
            continue
        return
    raise DeclarationError(f"{hook_name(hook)}{signature}: this hook is given {what}")


def hook_name(hook: object) -> str:
    """How errors call it."""
    return str(getattr(hook, "__qualname__", None) or repr(hook))
