"""Runs one job's handler and decides, as a value, what becomes of the job. Settling it is somebody else's."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine
from functools import partial
from logging import Logger
from typing import Any, Final, NamedTuple, Protocol

from pooljobs.application.app import PoolJobs
from pooljobs.application.task import Task
from pooljobs.handler.context import JobContext
from pooljobs.job.secret_values import hide_values
from pooljobs.job.verdict import Settlement, Verdict
from pooljobs.logs.job_log import JobLog
from pooljobs.signature.arguments import Arguments, ReadPayload
from pooljobs_worker.claims.claimed_job import ClaimedJob
from pooljobs_worker.dispatch.awaitables import is_awaitable
from pooljobs_worker.dispatch.context_services import ContextServices
from pooljobs_worker.dispatch.deadlines import Deadlines
from pooljobs_worker.dispatch.failures import FailurePolicy
from pooljobs_worker.dispatch.interrupter import Interrupter, call
from pooljobs_worker.dispatch.lazy_context import lazy_context
from pooljobs_worker.dispatch.loop_values import LoopValues
from pooljobs_worker.dispatch.payload_refusals import PayloadRefusals
from pooljobs_worker.dispatch.result_keeping import keeping
from pooljobs_worker.dispatch.run_contexts import RunContexts
from pooljobs_worker.dispatch.run_layer import Inject
from pooljobs_worker.dispatch.surround import Surround
from pooljobs_worker.runtime.exhaustion import Exhaustion, looks_like_it

_FAILURES: Final = (Verdict.RETRY, Verdict.FAILED)


class CoroutineRunner(Protocol):
    """Runs an async handler to its end and returns, or raises what it raised."""

    def __call__(self, coroutine: Coroutine[Any, Any, object]) -> None:
        """Waits for the coroutine."""


class _Handler(NamedTuple):
    """What is known of a job type before any job of it.

    Attributes:
        read: Gives the arguments that come from the payload. What it raises is a refusal, and no failure.
        inject: Adds what is injected; None where nothing is.
        limit: Soft and hard, in nanoseconds; None where there is neither.
    """

    task: Task
    function: Callable[..., Any]
    read: ReadPayload
    inject: Inject | None
    limit: tuple[int, int] | None


class Dispatcher:
    """Looks the handler up by the job's type, calls it, and has the result judged. Keeps nothing between jobs.

    ``dispatch`` and ``dispatch_async`` differ in how they wait for what a handler gave to await, and in nothing else.

    Attributes:
        fresh_context: Gives the context for one run, in which its dispatch is to be called.
        loop_values: The state that lives in the event loop on which coroutines run; to be closed there.
    """

    def __init__(
        self,
        app: PoolJobs,
        run_coroutine: CoroutineRunner,
        *,
        interrupter: Interrupter,
        deadlines: Deadlines,
        exhaustion: Exhaustion,
        services: ContextServices,
        payload_refusals: PayloadRefusals,
        job_log: JobLog,
        log: Logger,
    ) -> None:
        self._registry = app.registry
        self._hooks = app.hooks
        self._services = services
        self._state = app.state
        self._run_coroutine = run_coroutine
        self._interrupter = interrupter
        self._deadlines = deadlines
        self._handlers: dict[str, _Handler] = {}
        self._failure_policy = FailurePolicy(interrupter, exhaustion, job_log=job_log, log=log)
        self._payload_refusals = payload_refusals
        self._job_log = job_log
        self._log = log
        self.loop_values = LoopValues(app.state, log)
        self._surround = Surround(app, interrupter, loop_values=self.loop_values, services=services, log=log)
        contexts = RunContexts()
        self.fresh_context, self._enter = contexts.fresh, contexts.enter
        self._recursion_limit = sys.getrecursionlimit()
        self._ready: set[str] = set()

    def is_task(self, job: ClaimedJob) -> bool:
        """Whether ``dispatch_async`` is for this job: its handler is async, and all the state it asks for is made.

        What is made at its first use may take long, or run an event loop of its own, and is left to a thread.
        """
        if job.job_type in self._ready:
            return True
        task = self._registry.get(job.job_type)
        if task is None or not task.is_async or not self._state.made(task.binder.state_types):
            return False
        self._ready.add(job.job_type)
        return True

    def dispatch(self, job: ClaimedJob, started_ns: int) -> Settlement:
        """Runs the job, in the current context, which is the run's own. Never raises: whatever the handler raises,
        ``SystemExit`` too, is that job's failure.
        """
        begun = self._begin(job, started_ns)
        if isinstance(begun, Settlement):
            return begun
        try:
            self._run_coroutine(begun)
        except BaseException as error:  # noqa: BLE001  # a job must not end its worker, whatever it raises
            return self._end(job, started_ns, error)
        return self._end(job, started_ns)

    async def dispatch_async(self, job: ClaimedJob, started_ns: int) -> Settlement:
        """Runs a job of which ``is_task`` is true, in the current task, whose context is the run's own. That task may
        be cancelled; nothing is raised.
        """
        begun = self._begin(job, started_ns)
        if isinstance(begun, Settlement):
            return begun
        try:
            await begun
        except BaseException as error:  # noqa: BLE001  # as above, and asyncio would stop the loop for some
            return self._end(job, started_ns, error)
        return self._end(job, started_ns)

    def _begin(  # noqa: C901  # in one piece: a call more would be paid by each job
        self, job: ClaimedJob, started_ns: int
    ) -> Settlement | Coroutine[Any, Any, None]:
        """All of the job, or up to where its handler has given something to await: then that is to follow, and ``_end``
        when nothing is left to run.
        """
        self._enter(job)  # the log lines of its failure are its own too
        handler = self._handlers.get(job.job_type) or self._find(job.job_type)
        if handler is None or job.unreadable is not None:
            return self._unrunnable(handler, job, started_ns)
        task, function, read, inject, limit = handler
        if limit is not None:
            self._deadlines.begin(job, limit, started_ns)
        try:
            try:
                args, kwargs = read(job.payload)
            except Exception as error:  # noqa: BLE001  # a class of the user's may raise anything
                return self._refused(task, job, error, started_ns)
            if inject is not None:
                kwargs = inject(kwargs, job, started_ns)
            result = call(function, args, kwargs, job)
            if result is not None and is_awaitable(result):  # asked of it: a decorator may hide the async def
                limit = None  # it holds until all has run
                return self._interrupter.guard(result, job)
        except BaseException as error:  # noqa: BLE001  # a job must not end its worker, whatever it raises
            return self._failed(task, job, error, started_ns)
        finally:
            if limit is not None:
                self._deadlines.end(job)
        if sys.getrecursionlimit() != self._recursion_limit:
            sys.setrecursionlimit(self._recursion_limit)
        return job.completed(started_ns)

    def _end(self, job: ClaimedJob, started_ns: int, error: BaseException | None = None) -> Settlement:
        """Judges a run of which something was awaited; nothing of it is left to run."""
        task, _, _, _, limit = self._handlers[job.job_type]
        sys.setrecursionlimit(self._recursion_limit)
        try:
            return job.completed(started_ns) if error is None else self._failed(task, job, error, started_ns)
        finally:
            if limit is not None:
                self._deadlines.end(job)

    def _find(self, job_type: str) -> _Handler | None:
        """Looks in the registry, where a handler may have been added since the last job."""
        task = self._registry.get(job_type)
        if task is None:
            return None
        limit = self._deadlines.by_type.get(job_type)
        read = _hiding(task.secret, task.binder.check) if task.secret else task.binder.check
        function: Callable[..., Any] = task.function
        if task.result_limit is not None:
            function = keeping(function, task.result_limit)
        inject: Inject | None = partial(self._injected, task) if task.binder.injects else None
        if surrounded := self._surround.of(task, function):
            function, inject = surrounded
        handler = _Handler(task, function, read, inject, limit)
        self._handlers[job_type] = handler
        return handler

    def _unrunnable(self, handler: _Handler | None, job: ClaimedJob, started_ns: int) -> Settlement:
        return (
            self._failure_policy.unknown(job) if handler is None else self._failure_policy.unreadable(job, started_ns)
        )

    def _injected(self, task: Task, given: dict[str, Any], job: ClaimedJob, started_ns: int) -> dict[str, Any]:
        return task.binder.inject(given, lambda: self._context(task, job, started_ns), self._state)

    def _failed(self, task: Task, job: ClaimedJob, error: BaseException, started_ns: int) -> Settlement:
        sys.setrecursionlimit(self._recursion_limit)  # it takes some depth to describe an error
        settlement = self._failure_policy.failed(task, job, error, started_ns)
        if self._hooks.on_failure and settlement.verdict in _FAILURES:
            self._tell_hooks(task, job, error, settlement)
        return settlement

    def _tell_hooks(self, task: Task, job: ClaimedJob, error: BaseException, settlement: Settlement) -> None:
        context = self._context(task, job, settlement.started_ns)
        for hook in self._hooks.on_failure:
            try:
                hook(context, error, settlement.verdict is Verdict.FAILED)
            except BaseException:  # noqa: BLE001  # a hook decides nothing
                self._log.exception("on_failure hook %s failed", getattr(hook, "__qualname__", hook))

    def _refused(self, task: Task, job: ClaimedJob, error: Exception, started_ns: int) -> Settlement:
        if looks_like_it(error):  # it says something of this worker, and nothing of the payload
            return self._failed(task, job, error, started_ns)
        sys.setrecursionlimit(self._recursion_limit)
        if self._interrupter.cancelled(job, error):
            return job.cancelled_unrun()
        return self._payload_refusals.refused(task, job, error)

    def _context(self, task: Task, job: ClaimedJob, started_ns: int) -> JobContext:
        return lazy_context(job, task, started_ns, self._services)


def _hiding(secret: frozenset[str], read: ReadPayload) -> ReadPayload:
    """Of a handler with secret parameters: what is told of its run is told without them."""

    def read_hiding(payload: Any) -> Arguments:
        hide_values(payload, secret)
        return read(payload)

    return read_hiding
