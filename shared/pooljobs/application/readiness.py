"""Whether workers could serve an application: asked before anything is started, and by each worker at its boot."""

from __future__ import annotations

from inspect import isasyncgenfunction

from pooljobs.application.app import PoolJobs
from pooljobs.application.replaced import replaced_by
from pooljobs.errors import DeclarationError
from pooljobs.handler.state import type_name


def check_ready(app: PoolJobs) -> None:
    """What would fail the first job that needs it must stop the start instead.

    Raises:
        DeclarationError: It has no handlers; one of them asks for state that nobody provides; an asynchronous hook is
            to surround one that is not; or its import has replaced Python's threads.
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
    needed = [type_ for task in app.registry.values() for type_ in task.binder.state_types]
    if missing := app.state.missing(needed):
        names = ", ".join(type_name(type_) for type_ in missing)
        raise DeclarationError(
            f"handlers ask for State[{names}], which nobody provides",
            hint="call app.provide(Type, factory) where the app is declared",
        )


def _check_hooks(app: PoolJobs) -> None:
    """Passed over in silence, such a handler would run without what is meant for all."""
    hook = next((hook for hook in app.hooks.around if isasyncgenfunction(hook)), None)
    plain = next((task.name for task in app.registry.values() if not task.is_async), None)
    if hook is not None and plain is not None:
        raise DeclarationError(
            f"{hook.__qualname__} is asynchronous, and cannot surround {plain}, which is a plain function",
            hint="write the hook with def, which surrounds async handlers too; or make the handler async",
        )
