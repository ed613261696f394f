"""What ``@app.job`` makes of a function: still callable as before, and able to enqueue itself."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from types import GenericAlias
from typing import TYPE_CHECKING, Any, Generic, cast

from pooljobs.application.declaration import IGNORE_EXTRA, Declaration, place_of, refuse_unrunnable
from pooljobs.enqueue.enqueue_methods import EnqueueMethods
from pooljobs.enqueue.handler_types import C, P, R
from pooljobs.enqueue.lazy_producer import LazyProducer
from pooljobs.errors import DeclarationError
from pooljobs.handler.context import current_trace_id
from pooljobs.handler.injected import refuse_uninjected
from pooljobs.hooks import Hooks
from pooljobs.job.labels import encoded_meta
from pooljobs.job.new_job import NewJob
from pooljobs.job.options import EnqueueOptions, OnConflict
from pooljobs.job.unique import rule_of
from pooljobs.job.unique_rule import UniqueRule, rule_with
from pooljobs.signature.binder import Binder, compile_binder
from pooljobs.signature.field_names import payload_fields, secret_fields
from pooljobs.signature.inspection import read_signature
from pooljobs.signature.result_reading import ReadResult, compile_result_reader

_NO_OPTIONS = EnqueueOptions()


class Task(EnqueueMethods[P, R], Generic[P, R, C]):
    """A declared handler: enqueued with the parameters ``P``, called with ``C``, which are the same if they all have
    defaults that are injected; ``R`` is what it returns.

    Attributes:
        name: Job type under which its jobs are stored.
        job_types: All types whose jobs it takes: its name, then its aliases.
        queue: Queue of its jobs. Default ``default``.
        max_retries: Total number of runs. Default 3; 1 where the retry policy is ``none``.
        retry: When a failed job runs again.
        time_limit: How long a run may take; None leaves it to ``pooljobs serve``.
        secret: Fields of its payloads whose values are shown nowhere.
        errors: What becomes of a job by the class of what it raised.
        schedule: When it is enqueued by itself; None for never.
        cron_payload: What such a job is enqueued with.
        unique: By what and how its jobs are unique, or None.
        result_limit: Bytes of JSON up to which what it returns is kept; None: nothing is.
        function: The handler itself.
        is_async: The handler is a coroutine function.
        binder: Makes the handler's arguments from a payload.
        where: File and line of the handler.
    """

    __name__: str

    if not TYPE_CHECKING:
        __class_getitem__ = classmethod(
            GenericAlias
        )  # before Python 3.13 there are no defaults: all would be asked for

    def __init__(self, function: Callable[C, R], declaration: Declaration, outlet: LazyProducer, hooks: Hooks) -> None:
        if isinstance(function, Task):
            raise DeclarationError(f"{function.name} is a job already", hint="decorate the function itself, once")
        refuse_unrunnable(function, declaration.name)
        self.__name__ = declaration.name  # of what has none of its own
        functools.update_wrapper(cast("Callable[..., Any]", self), function)
        self.function = function
        self.name = declaration.name
        self.job_types = declaration.job_types
        self.queue = declaration.queue
        self.max_retries = declaration.retry.most_runs(declaration.max_retries)
        self.retry = declaration.retry
        self.errors = declaration.errors
        self.schedule = declaration.schedule
        self.cron_payload = declaration.cron_payload
        self.time_limit = declaration.time_limit
        self.is_async = inspect.iscoroutinefunction(function)
        self.where = place_of(function)
        signature = read_signature(function, self.name, tolerant=declaration.extra == IGNORE_EXTRA)
        self._injected_defaults = signature.defaulted
        self.binder: Binder = compile_binder(self.name, signature)
        self.secret = secret_fields(self.name, signature, declaration.secret)
        self.unique = rule_of(self.name, declaration.unique, declaration.debounce, payload_fields(signature))
        self.result_limit = declaration.result_limit
        self._read_result: ReadResult | None = None
        if self.result_limit is not None:
            self._read_result = compile_result_reader(function, self.name)
        self._outlet = outlet
        self._hooks = hooks

    def __call__(self, *args: C.args, **kwargs: C.kwargs) -> R:
        """Call the handler here and now, as if it were not a job.

        Raises:
            TypeError: A parameter is missing, one with ``injected()`` for a default too: nobody injects here.
        """
        if self._injected_defaults:
            refuse_uninjected(self.function, self._injected_defaults, args, kwargs)
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<Task {self.name} of queue {self.queue} at {self.where}>"

    def options(
        self,
        *,
        delay: float | timedelta | None = None,
        run_at: datetime | None = None,
        priority: int = 0,
        queue: str | None = None,
        max_retries: int | None = None,
        trace_id: str | None = None,
        max_attempts: int | None = None,
        unique_key: str | None = None,
        on_conflict: OnConflict | None = None,
        tags: Iterable[str] | None = None,
        meta: Mapping[str, Any] | None = None,
    ) -> BoundTask[P, R]:
        """This task with settings for the jobs enqueued through it; see ``EnqueueOptions``.

        Raises:
            OptionError: A value is out of its range, two contradict each other, or ``on_conflict`` is given for jobs
                that are not unique.
        """
        given = EnqueueOptions(
            delay=delay,
            run_at=run_at,
            priority=priority,
            queue=queue,
            max_retries=max_retries,
            trace_id=trace_id,
            max_attempts=max_attempts,
            unique_key=unique_key,
            on_conflict=on_conflict,
            tags=tags,
            meta=meta,
        )
        rule_with(self.name, self.unique, given)
        return BoundTask(self, given)

    def job_of(self, encoded: bytes, options: EnqueueOptions = _NO_OPTIONS) -> NewJob:
        """A job with this payload, which was checked and encoded by the binder."""
        most = self.retry.most_runs(options.max_retries or self.max_retries)
        job = new_job(self.name, encoded, options, queue=self.queue, max_retries=most, unique=self.unique)
        return self._hooks.enqueued(job) if self._hooks.on_enqueue else job

    def read_result(self, text: str) -> Any:
        """What a run has returned, from its JSON, as the handler's return annotation says.

        Raises:
            PayloadError: The annotation does not take it.
            DeclarationError: The annotation cannot be resolved, or built from JSON.
        """
        if self._read_result is None:
            self._read_result = compile_result_reader(self.function, self.name)
        return self._read_result(text)

    def scheduled_payload(self) -> bytes:
        """What its schedule enqueues, as JSON.

        Raises:
            PayloadError: The handler does not take it.
        """
        return self.binder.encoded({} if self.cron_payload is None else self.cron_payload)


class BoundTask(EnqueueMethods[P, R], Generic[P, R]):
    """A task together with options, made by ``Task.options``."""

    def __init__(self, task: Task[P, R, ...], options: EnqueueOptions) -> None:
        self.task = task
        self.applied = options
        self.name = task.name
        self.queue = options.queue or task.queue
        self.binder = task.binder
        self._outlet = task._outlet  # noqa: SLF001 - of the same family

    def job_of(self, encoded: bytes) -> NewJob:
        """As of the task, with the options applied."""
        return self.task.job_of(encoded, self.applied)


def new_job(
    job_type: str,
    encoded: bytes,
    options: EnqueueOptions,
    *,
    queue: str,
    max_retries: int,
    unique: UniqueRule | None = None,
) -> NewJob:
    """A job from its parts; ``queue`` and ``unique`` hold where the options are silent, ``max_retries`` whatever
    they say.
    """
    rule = rule_with(job_type, unique, options)
    delay = options.delay_secs
    if rule is not None and rule.wait is not None and options.delay is None:
        delay = rule.wait
    return NewJob(
        job_type,
        encoded,
        options.queue or queue,
        options.priority,
        max_retries,
        delay,
        options.run_at,
        options.trace_id if options.trace_id is not None else current_trace_id(),
        rule,
        tuple(options.tags or ()),
        None if options.meta is None else encoded_meta(options.meta),
    )
