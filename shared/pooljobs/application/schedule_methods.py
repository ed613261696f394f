"""The methods of an application that store schedules at run time and remove them; and what ``@app.job`` says of one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, overload

from pooljobs.application.task import BoundTask, Task
from pooljobs.enqueue.lazy_producer import LazyProducer
from pooljobs.errors import DeclarationError, OptionError
from pooljobs.job.options import EnqueueOptions, check_name
from pooljobs.job.schedule_rule import CatchUp, Overlap, Schedule, check_schedule_name
from pooljobs.payload.encoding import encode

if TYPE_CHECKING:
    from typing import Unpack

    from psycopg import Connection

    from pooljobs.db.callers.connection_types import AsyncCaller, SyncCaller
    from pooljobs.job.schedule_rule import GivenRule

NO_PAYLOAD: Final[Mapping[str, Any]] = MappingProxyType({})


class ScheduleMethods:
    """Part of ``PoolJobs``. For the database's sake they raise what enqueueing raises (``EnqueueMethods``)."""

    _outlet: LazyProducer
    _tasks: dict[str, Task]

    def schedule(
        self,
        name: str,
        task: Task | BoundTask | str,
        payload: Any = NO_PAYLOAD,
        *,
        cron: str | None = None,
        every: float | timedelta | None = None,
        tz: str = "UTC",
        jitter: float | timedelta = 0.0,
        catch_up: CatchUp = "last",
        overlap: Overlap = "skip",
    ) -> bool:
        """Store a schedule, committed when this returns; or replace the stored one of that name. Whether it is new.

        Args:
            name: Its name, at most 150 characters. Not that of one that ``@app.job(cron=…)`` declares.
            task: What is enqueued: a task, one with options (queue, priority, max_retries), or a job type's name.
            payload: Whole payload, as for ``enqueue``; what is declared here is checked.
            cron: When: ``minute hour day month weekday``, or a name such as ``@daily``.
            every: Instead, seconds between ticks or a timedelta, at least 1.
            tz: Time zone of ``cron``. Default UTC.
            jitter: Seconds by which each job is put off at most. Default 0.
            catch_up: Of ticks missed in an outage: the ``last`` (default), ``all`` (the latest 100, with
                ``overlap="allow"``), or ``none``.
            overlap: ``skip`` (default): no job while that of an earlier tick has not ended; or ``allow``.

        Raises:
            OptionError: A value is none; it is named.
            PayloadError: The handler does not take the payload.
            RefusedError: The name is that of a declared one.
        """
        from pooljobs.db.store.schedule_calls import put_schedule

        row = self._row(
            name, task, payload, Schedule(cron, every=every, tz=tz, jitter=jitter, catch_up=catch_up, overlap=overlap)
        )
        return self._tried(lambda connection: put_schedule(connection, self._outlet.schema, row))

    @overload
    def schedule_with(
        self,
        conn: SyncCaller,
        /,
        name: str,
        task: Task | BoundTask | str,
        payload: Any = NO_PAYLOAD,
        **rule: Unpack[GivenRule],
    ) -> bool: ...
    @overload
    def schedule_with(
        self,
        conn: AsyncCaller,
        /,
        name: str,
        task: Task | BoundTask | str,
        payload: Any = NO_PAYLOAD,
        **rule: Unpack[GivenRule],
    ) -> Awaitable[bool]: ...
    def schedule_with(
        self,
        conn: SyncCaller | AsyncCaller,
        /,
        name: str,
        task: Task | BoundTask | str,
        payload: Any = NO_PAYLOAD,
        *,
        cron: str | None = None,
        every: float | timedelta | None = None,
        tz: str = "UTC",
        jitter: float | timedelta = 0.0,
        catch_up: CatchUp = "last",
        overlap: Overlap = "skip",
    ) -> bool | Awaitable[bool]:
        """As ``schedule``, on the caller's connection: it is stored with the caller's transaction, or not.

        ``conn`` is as for ``Task.enqueue_with``; await the call for an asynchronous one.

        Raises:
            OptionError: ``conn`` is no such connection, or a value is none.
            PayloadError, RefusedError: As for ``schedule``.
            NotMigratedError, DatabaseRefusedError, Exception: As for ``Task.enqueue_with``.
        """
        row = self._row(
            name, task, payload, Schedule(cron, every=every, tz=tz, jitter=jitter, catch_up=catch_up, overlap=overlap)
        )
        return self._outlet.for_caller().schedule_with(conn, row)

    def unschedule(self, name: str) -> bool:
        """Remove a stored schedule, committed when this returns; whether there was one. Its jobs stay.

        Raises:
            OptionError: It is no schedule's name.
            RefusedError: The code declares it.
        """
        from pooljobs.db.store.schedule_calls import drop_schedule

        check_schedule_name(name)
        return self._tried(lambda connection: drop_schedule(connection, self._outlet.schema, name))

    def _tried(self, work: Callable[[Connection[Any]], bool]) -> bool:
        from pooljobs.db.store.retrying import tried

        return tried(lambda until: self._outlet.producer().run_once(work, until), self._outlet.wait)

    def _row(self, name: str, task: Task | BoundTask | str, payload: Any, rule: Schedule) -> dict[str, Any]:
        """What is to be stored, checked as an enqueue would check it."""
        from pooljobs.db.store.schedule_calls import schedule_row

        check_schedule_name(name)
        options = task.applied if isinstance(task, BoundTask) else EnqueueOptions()
        _check_options(options)
        value = {} if payload is NO_PAYLOAD else payload
        known = self._tasks.get(task) if isinstance(task, str) else task
        if known is not None:
            return schedule_row(name, known.name, known.binder.encoded(value), options, rule)
        check_name("job_type", task)
        return schedule_row(name, str(task), encode(value, where=f"{task}: payload"), options, rule)


def _check_options(options: EnqueueOptions) -> None:
    """Refuses what a schedule says itself, and what its row does not hold.

    Raises:
        OptionError: One of them is given.
    """
    if options.delay is not None or options.run_at is not None or options.trace_id is not None:
        raise OptionError("a schedule gives its jobs their time and trace id", hint="take them out of the options")
    given = [name for name in ("unique_key", "on_conflict", "tags", "meta") if getattr(options, name) is not None]
    if given:
        hint = "take it out of the options; jobs of a handler that is declared as unique are unique here too"
        raise OptionError(f"a schedule gives its jobs no {' and no '.join(given)}", hint=hint)


def declared_schedule(name: str | None, payload: Any, **rule: Any) -> Schedule | None:
    """What ``@app.job`` says of a schedule; None where it says nothing.

    Raises:
        DeclarationError: It contradicts itself, or a value is none.
    """
    of = "" if name is None else f"{name}: "
    given = {key: value for key, value in rule.items() if value is not None}
    if "cron" not in given and "every" not in given:
        if given or payload is not None:
            named = ", ".join(given) or "cron_payload"
            hint = "give cron='0 3 * * *' or every=300 too"
            raise DeclarationError(f"{of}{named} is of a schedule, and there is none", hint=hint)
        return None
    try:
        return Schedule(**given)
    except OptionError as error:
        raise DeclarationError(f"{of}{error}", hint=error.hint) from None
