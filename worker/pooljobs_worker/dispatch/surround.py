"""Puts around a handler what surrounds its runs, once for each job type: hooks outside, a run's own resources inside.

A handler that has nothing around it is called itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from logging import Logger
from typing import Any, cast

from pooljobs.application.app import PoolJobs
from pooljobs.application.task import Task
from pooljobs.errors import DeclarationError
from pooljobs.handler.context import current_job
from pooljobs.hooks import hook_name, takes_job
from pooljobs_worker.claims.claimed_job import ClaimedJob
from pooljobs_worker.dispatch import async_layers, plain_layers
from pooljobs_worker.dispatch.context_services import ContextServices
from pooljobs_worker.dispatch.interrupter import Interrupter
from pooljobs_worker.dispatch.lazy_context import lazy_context
from pooljobs_worker.dispatch.loop_values import LoopValues
from pooljobs_worker.dispatch.run_layer import NOTHING, RUN, Inject, Kwargs
from pooljobs_worker.dispatch.run_plan import RunPlan, plan_of
from pooljobs_worker.runtime.fork_guard import make_origin


class Surround:
    """One worker's way to do it."""

    def __init__(
        self,
        app: PoolJobs,
        interrupter: Interrupter,
        *,
        loop_values: LoopValues,
        services: ContextServices,
        log: Logger,
    ) -> None:
        self._hooks = app.hooks
        self._state = app.state
        self._interrupter = interrupter
        self._loop_values = loop_values
        self._services = services
        self._log = log
        self._origin = make_origin()

    def of(self, task: Task, function: Callable[..., Any]) -> tuple[Callable[..., Any], Inject | None] | None:
        """What to call for a handler, ``function``, and how to add to what its payload gives; None where nothing
        surrounds it.
        """
        try:
            plan = plan_of(task, self._state)
        except DeclarationError as error:  # declared after the start, so that nobody has looked
            return function, _failing(error)
        if not (plan.surrounds or self._hooks.around):
            return None
        function = (self._asynchronous if task.is_async or plan.is_async else self._plain)(function, plan)
        if plan.states or plan.contexts:
            return function, self._filling(task, plan)
        return function, self._telling(task) if any(takes_job(hook) for hook in self._hooks.around) else None

    def _plain(self, function: Callable[..., Any], plan: RunPlan) -> Callable[..., Any]:
        """A plain handler, or one of which nobody knows that it is to be awaited."""
        call = plain_layers.handler_call(function, plan.filled, self._guarded, self._origin)
        for provider in reversed(plan.run):
            call = plain_layers.resource_layer(call, provider, self._log)
        for hook in reversed(self._hooks.around):
            plain_hook = cast("Callable[..., Iterator[Any]]", hook)
            call = plain_layers.hook_layer(call, plain_hook, hook_name(hook), takes_job=takes_job(hook))

        def run(*args: Any, **kwargs: Any) -> Any:
            context, values = kwargs.pop(RUN, NOTHING)
            return call(args, kwargs, context, values)

        return run

    def _asynchronous(self, function: Callable[..., Any], plan: RunPlan) -> Callable[..., Any]:
        """An async handler, which may have what it or the rest needs of the event loop."""
        call = async_layers.handler_call(function, plan.filled, self._guarded, self._origin)
        for provider in reversed(plan.run):
            call = async_layers.resource_layer(call, provider, self._log)
        for plain_or_async in reversed(self._hooks.around):
            hook = self._hooks.awaited.get(plain_or_async, plain_or_async)
            call = async_layers.hook_layer(call, hook, hook_name(hook), takes_job=takes_job(hook))

        async def run(*args: Any, **kwargs: Any) -> None:
            self._interrupter.spare(_current())
            context, values = kwargs.pop(RUN, NOTHING)
            for type_ in plan.in_loop:
                values[type_] = await self._loop_values.get(type_)
            await call(args, kwargs, context, values)

        return run

    def _filling(self, task: Task, plan: RunPlan) -> Inject:
        """What is around the handler and the handler are given one context, and the same values."""
        own = [(name, type_) for name, type_ in plan.states if type_ in plan.plain]

        def inject(given: Kwargs, job: ClaimedJob, started_ns: int) -> Kwargs:
            context = lazy_context(job, task, started_ns, self._services)
            values = {type_: self._state.get(type_) for type_ in plan.plain}
            kwargs = {**given, RUN: (context, values)}  # the given may be the payload itself
            kwargs.update((name, values[type_]) for name, type_ in own)
            kwargs.update((name, context) for name in plan.contexts)
            return kwargs

        return inject

    def _telling(self, task: Task) -> Inject:
        """For a handler that takes nothing but its payload, with hooks that ask for the job."""
        services, (_, no_values) = self._services, NOTHING

        def inject(given: Kwargs, job: ClaimedJob, started_ns: int) -> Kwargs:
            return {**given, RUN: (lazy_context(job, task, started_ns, services), no_values)}

        return inject

    async def _guarded(self, result: Any) -> None:
        await self._interrupter.guard(result, _current())


def _failing(error: DeclarationError) -> Inject:
    def inject(_given: Kwargs, _job: ClaimedJob, _started_ns: int) -> Kwargs:
        raise error.with_traceback(None)

    return inject


def _current() -> ClaimedJob:
    return cast("ClaimedJob", current_job())
