"""The application: where handlers are declared and jobs enqueued. Making one opens nothing and starts nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Concatenate, Literal, overload

from pooljobs.application.declaration import (
    DEFAULT_MAX_RETRIES,
    DEFAULT_QUEUE,
    Declaration,
    name_of,
    redeclares,
    result_limit_of,
)
from pooljobs.application.enqueue_by_name import EnqueueByName
from pooljobs.application.hook_methods import HookMethods
from pooljobs.application.lifespan import Lifespan
from pooljobs.application.schedule_methods import ScheduleMethods, declared_schedule
from pooljobs.application.state_methods import StateMethods
from pooljobs.application.task import Task
from pooljobs.enqueue.cancel_methods import CancelMethods
from pooljobs.enqueue.lazy_producer import LazyProducer
from pooljobs.enqueue.pause_methods import PauseMethods
from pooljobs.enqueue.result_methods import ResultMethods
from pooljobs.errors import DeclarationError, OptionError
from pooljobs.handler.state import StateContainer
from pooljobs.hooks import Hooks
from pooljobs.job.error_rules import Backoff, ErrorRules, ErrorTypes
from pooljobs.job.options import check_name, total_runs
from pooljobs.job.retry import DEFAULT_DELAY_SECS, PolicyKind, RetryPolicy
from pooljobs.job.schedule_rule import CatchUp, Overlap
from pooljobs.job.time_limit import TimeLimit
from pooljobs.job.unique import Debounce, Unique
from pooljobs.settings import WAIT_SECS

if TYPE_CHECKING:
    from pooljobs.application.job_decorator import JobDecorator, Nobody
    from pooljobs.enqueue.handler_types import P, R
    from pooljobs.handler.context import JobContext


class PoolJobs(
    EnqueueByName, CancelMethods, ResultMethods, PauseMethods, HookMethods, ScheduleMethods, StateMethods, Lifespan
):
    """An application of background jobs.

    Args:
        dsn: libpq connection string. Default: ``POOLJOBS_DSN``, else ``DATABASE_URL``, else the embedded server;
            looked up when the first job is enqueued.
        schema: Schema that holds pooljobs' tables. Default ``pooljobs``.
        pool_size: Most connections open at once for enqueueing, in each process; 1 to 1000. Default 4.
        wait: Seconds for which an enqueue or a cancellation waits for a database that has gone away, for a free
            connection of the pool, or for a unique job's key that somebody's open transaction has taken; 0 to a week.
            Default 10. The first connection of a process is tried once; with 0 a key is waited for without end.
        retry_delay_secs: Seconds: ``retry_delay_secs`` of all handlers that declare none. Default 1, with which the
            default's three runs are over within two seconds: for handlers that call a remote service set 30 or more.
        name: Where several applications have schedules in one schema, a name of its own for each: what one of them
            does not declare any more is retired by its own workers alone. Default ``default``.
        results: Whether what handlers return is kept, of all that do not say otherwise (``result=``). Default False.

    Raises:
        DeclarationError: ``retry_delay_secs`` is negative, beyond a century, or not a number.
        OptionError: The schema, or the application, cannot have that name, or ``pool_size`` or ``wait`` is out of
            its range.
    """

    def __init__(
        self,
        dsn: str | None = None,
        *,
        schema: str = "pooljobs",
        pool_size: int = 4,
        wait: float = WAIT_SECS,
        retry_delay_secs: float = DEFAULT_DELAY_SECS,
        name: str = "default",
        results: bool = False,
    ) -> None:
        check_name("name", name)
        self.name = name
        self._keeps_results = results
        self._retry_delay_secs = RetryPolicy(delay_secs=retry_delay_secs).delay_secs
        self.state = StateContainer()
        self.hooks = Hooks()
        self._tasks: dict[str, Task] = {}
        self._outlet = LazyProducer(dsn, schema, pool_size=pool_size, wait=wait)
        self._outlet.declared = self._tasks

    @property
    def registry(self) -> Mapping[str, Task]:
        """The declared tasks by each job type that they take, their names and their aliases; read-only."""
        return MappingProxyType(self._tasks)

    @property
    def dsn(self) -> str | None:
        """The connection string it was made with, or moved to by ``use_dsn``; None leaves it to the environment."""
        return self._outlet.dsn

    @property
    def schema(self) -> str:
        """Schema that holds pooljobs' tables."""
        return self._outlet.schema

    @property
    def pool_size(self) -> int:
        """Most connections open at once for enqueueing; a new value holds for the next pool that is opened."""
        return self._outlet.pool_size

    @pool_size.setter
    def pool_size(self, connections: int) -> None:
        self._outlet.pool_size = connections

    @overload
    def job(self, function: Callable[Concatenate[Nobody, P], R], /) -> Task[..., R, ...]: ...
    @overload
    def job(self, function: Callable[Concatenate[JobContext, P], R], /) -> Task[P, R, ...]: ...
    @overload
    def job(self, function: Callable[P, R], /) -> Task[P, R]: ...
    @overload
    def job(
        self,
        /,
        *,
        name: str | None = None,
        queue: str = DEFAULT_QUEUE,
        max_retries: int | None = None,
        max_attempts: int | None = None,
        retry_policy: PolicyKind = "exponential",
        retry_delay_secs: float | None = None,
        time_limit: float | timedelta | TimeLimit | None = None,
        extra: Literal["refuse", "ignore"] = "refuse",
        aliases: Sequence[str] = (),
        secret: Sequence[str] = (),
        fail_on: ErrorTypes = (),
        discard_on: ErrorTypes = (),
        retry_on: ErrorTypes | None = None,
        backoff: Backoff | None = None,
        cron: str | None = None,
        every: float | timedelta | None = None,
        tz: str | None = None,
        jitter: float | timedelta | None = None,
        catch_up: CatchUp | None = None,
        overlap: Overlap | None = None,
        cron_payload: Any = None,
        unique: bool | Unique = False,
        debounce: Debounce | None = None,
        result: bool | None = None,
        result_limit: int | None = None,
    ) -> JobDecorator: ...
    def job(
        self,
        function: Callable[..., Any] | None = None,
        /,
        *,
        name: str | None = None,
        queue: str = DEFAULT_QUEUE,
        max_retries: int | None = None,
        max_attempts: int | None = None,
        retry_policy: PolicyKind = "exponential",
        retry_delay_secs: float | None = None,
        time_limit: float | timedelta | TimeLimit | None = None,
        extra: Literal["refuse", "ignore"] = "refuse",
        aliases: Sequence[str] = (),
        secret: Sequence[str] = (),
        fail_on: ErrorTypes = (),
        discard_on: ErrorTypes = (),
        retry_on: ErrorTypes | None = None,
        backoff: Backoff | None = None,
        cron: str | None = None,
        every: float | timedelta | None = None,
        tz: str | None = None,
        jitter: float | timedelta | None = None,
        catch_up: CatchUp | None = None,
        overlap: Overlap | None = None,
        cron_payload: Any = None,
        unique: bool | Unique = False,
        debounce: Debounce | None = None,
        result: bool | None = None,
        result_limit: int | None = None,
    ) -> Any:
        """Declare a function, plain or async, as the handler of a job type. Used bare or with arguments.

        Args:
            function: The handler, where the decorator is used bare.
            name: The job type. Default: the function's name; what has none, a ``functools.partial``, must be given one.
            queue: Queue of its jobs. Default ``default``.
            max_retries: Total number of runs, at least 1. Default 3.
            max_attempts: Another name of ``max_retries``, that says what it is.
            retry_policy: ``exponential`` (default), ``fixed`` or ``none``: one run, whatever ``max_retries`` says.
            retry_delay_secs: Seconds: base of the exponential policy, delay of the fixed one. Default: the
                application's.
            time_limit: Seconds, or a timedelta, after which ``TimeLimitExceeded`` is raised in the handler; five
                seconds later its process is killed. A ``TimeLimit`` sets both; 0 means none. Default: that of
                ``serve --time-limit``.
            extra: ``refuse`` (default): a payload with a field that the handler does not take is refused. ``ignore``:
                such fields are passed over, in dataclasses too; a pydantic model follows its own configuration.
            aliases: Former names. The handler takes jobs of these types as well; what it enqueues has its name.
            secret: Parameters, each with all that it holds, or fields of a payload that is taken whole, whose values
                ``pooljobs jobs show`` masks, and errors and log lines of a run too; see docs/handlers.md.
            fail_on: Classes of exceptions after which the job has failed for good, whatever runs are left.
            discard_on: Classes of exceptions after which the job ends as ``cancelled``: nobody is to blame.
            retry_on: The only classes of exceptions after which it runs again; all others fail for good, time limits
                too. Default: all that are in neither of the other two.
            backoff: A function of the number of the run that failed and its error, which gives seconds or a timedelta
                until the next run, or None for what the policy says. Where it raises, the policy holds.
            cron: When it is enqueued by itself: ``minute hour day month weekday``, or a name such as ``@daily``; one
                job a tick, whatever the number of hosts. See docs/schedules.md.
            every: Instead of ``cron``, seconds between ticks or a timedelta, at least 1; counted from 1970 in UTC.
            tz: Time zone of ``cron``. Default UTC.
            jitter: Seconds by which each of these jobs is put off at most. Default 0.
            catch_up: Of the ticks missed in an outage: the ``last`` (default), ``all`` (the latest 100, with
                ``overlap="allow"``), or ``none``.
            overlap: ``skip`` (default): no job while that of an earlier tick has not ended; or ``allow``.
            cron_payload: Whole payload of these jobs. Default: none.
            unique: Whether there is one job at a time of each payload; a ``Unique`` says more. Default False.
            debounce: As ``Debounce`` says, a job waits until its key has been quiet. Default: it does not.
            result: Whether what it returns is kept, for ``JobHandle.result``. Default: the application's ``results``.
            result_limit: Bytes of JSON up to which that is kept; of more a note. Default 65,536, at most 16 MiB.

        Raises:
            DeclarationError: The declaration contradicts itself, the name or an alias is taken, or it is a method. A
                function that is declared again where it was declared before (a notebook's cell) takes its place.
        """
        retry = RetryPolicy(retry_policy, self._retry_delay_secs if retry_delay_secs is None else retry_delay_secs)
        limit = TimeLimit.of(time_limit)
        runs = _runs(max_retries, max_attempts)
        schedule = declared_schedule(
            name, cron_payload, cron=cron, every=every, tz=tz, jitter=jitter, catch_up=catch_up, overlap=overlap
        )
        kept_bytes = result_limit_of(result, result_limit, by_default=self._keeps_results)
        errors = ErrorRules.of(fail_on=fail_on, discard_on=discard_on, retry_on=retry_on, backoff=backoff)

        def declare(handler: Callable[..., Any]) -> Task:
            declared_name = name_of(handler) if name is None else name
            declaration = Declaration(
                declared_name,
                queue=queue,
                max_retries=runs,
                retry=retry,
                time_limit=limit,
                extra=extra,
                aliases=aliases,
                secret=secret,
                errors=errors,
                schedule=schedule,
                cron_payload=cron_payload,
                unique=unique,
                debounce=debounce,
                result_limit=kept_bytes,
            )
            return self._register(Task(handler, declaration, outlet=self._outlet, hooks=self.hooks))

        return declare if function is None else declare(function)

    def use_dsn(self, dsn: str | None, *, schema: str | None = None) -> None:
        """Enqueue on this database from now on: what a worker does at boot, so that it and its handlers agree.

        None leaves it to the environment again.
        """
        self._outlet.redirect(dsn, self._outlet.schema if schema is None else schema)

    def _register(self, task: Task) -> Task:
        former = self._tasks.get(task.name)
        again = former is not None and former.name == task.name and redeclares(task.function, former.function)
        for job_type in task.job_types:
            taken = self._tasks.get(job_type)
            if taken is not None and not (again and taken is former):
                raise DeclarationError(
                    f"two jobs are named {job_type!r}: {taken.where} and {task.where}",
                    hint="give one of them another name, @app.job(name=…), or take it out of the aliases",
                )
        for job_type in former.job_types if former is not None and again else ():
            del self._tasks[job_type]
        self._tasks.update(dict.fromkeys(task.job_types, task))
        return task


def _runs(max_retries: int | None, max_attempts: int | None) -> int:
    try:
        runs = total_runs(max_retries, max_attempts)
    except OptionError as error:
        raise DeclarationError(str(error), hint=error.hint) from None
    return DEFAULT_MAX_RETRIES if runs is None else runs
