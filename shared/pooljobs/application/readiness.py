"""Whether workers could serve an application: asked before anything is started, and by each worker at its boot."""

from __future__ import annotations

from inspect import isasyncgenfunction, iscoroutinefunction

from pooljobs.application.app import PoolJobs
from pooljobs.application.replaced import replaced_by
from pooljobs.errors import DeclarationError, PayloadError
from pooljobs.handler.provider import type_name
from pooljobs.signature.inspection import written


def check_ready(app: PoolJobs) -> None:
    """What would fail the first job that needs it must stop the start instead.

    Raises:
        DeclarationError: It has no handlers; one of them asks for state that nobody provides, or that needs what
            cannot be; one that is not asynchronous would get an asynchronous hook, or state that lives in an event
            loop; one would refuse what its schedule enqueues; or its import has replaced Python's threads.
    """
    if library := replaced_by():
        raise DeclarationError(
            f"the application's import has had {library} replace Python's threads and waits (monkey patching): a worker"
            " would hang",
            hint=f"patch where {library} serves, in the web server's start, and not in a module that workers import;"
            " async handlers or --concurrency run many jobs at a time",
        )
    if not app.registry:
        raise DeclarationError(
            "the application declares no jobs: its workers would have nothing to run",
            hint="declare one with @app.job in that module, or import there the modules that do",
        )
    _check_hooks(app)
    _check_schedules(app)
    needed = [type_ for task in app.registry.values() for type_ in task.binder.state_types]
    if missing := app.state.missing(needed):
        names = ", ".join(type_name(type_) for type_ in missing)
        raise DeclarationError(
            f"handlers ask for State[{names}], which nobody provides",
            hint="call app.provide(Type, factory) where the app is declared",
        )
    _check_providers(app)


def _check_hooks(app: PoolJobs) -> None:
    """Passed over in silence, such a handler would run without what is meant for all."""
    hook = next((hook for hook in app.hooks.around if isasyncgenfunction(hook)), None)
    plain = next((task.name for task in app.registry.values() if not task.is_async), None)
    if hook is not None and plain is not None:
        raise DeclarationError(
            f"{hook.__qualname__} is asynchronous, and cannot surround {plain}, which is a plain function",
            hint="write the hook with def, which surrounds async handlers too; or make the handler async",
        )


def _check_providers(app: PoolJobs) -> None:
    """Where there is no await, what lives in the event loop is of no use."""
    providers = app.state.providers
    for task in app.registry.values():
        needed = providers.needed(task.binder.state_types)
        if task.is_async or iscoroutinefunction(written(task.function)):  # a decorator may hide the async def
            continue
        if found := next((each for each in needed if each.is_async), None):
            raise DeclarationError(
                f"{task.name} is a plain function, and {found.name} makes what lives in an event loop",
                hint="make the handler async; or provide what has a plain interface, by a plain function or generator",
            )


def _check_schedules(app: PoolJobs) -> None:
    """At night nobody would see it."""
    for task in app.registry.values():
        if task.schedule is None:
            continue
        try:
            task.scheduled_payload()
        except PayloadError as error:
            raise DeclarationError(
                f"the schedule of {task.name} ({task.where}) enqueues what the handler refuses: {error}",
                hint="say what to enqueue: @app.job(…, cron_payload={…}); or give its parameters defaults",
            ) from error
