"""Errors of jobs in Sentry: ``sentry.install(app, dsn=…)``, once, where the application is made.

Its extra is ``sentry``. docs/observability.md says what Sentry is given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from pooljobs.errors import OptionError

if TYPE_CHECKING:
    from pooljobs.application.app import PoolJobs

Errors = Literal["final", "every"]
"""Which failed runs are reported."""


def install(app: PoolJobs, *, errors: Errors = "final", payload: bool = False, **options: Any) -> None:
    """Report what fails in the jobs of an application, each run in a scope of its own.

    Args:
        app: The application. Hooks that were registered before this one surround the scope, others are inside of it.
        errors: ``final`` (default): a job that has failed for good is reported, with its last error. ``every``: each
            failed run is. ``Snooze``, ``Discard``, cancellations and a ``Retry`` that has runs left never are.
        payload: Whether reports keep the local variables of frames, which hold what the handler was given. Default
            False. A job with secret parameters keeps none, whatever this says.
        **options: For ``sentry_sdk.init``, which is then called in each worker, after its fork. Without any, the SDK is
            used as the application has set it up itself.

    Raises:
        MissingExtraError: ``sentry-sdk`` is not installed.
        OptionError: ``errors`` is neither.
    """
    if errors not in get_args(Errors):
        raise OptionError(f"errors must be one of {', '.join(get_args(Errors))}, not {errors!r:.80}")
    try:
        from pooljobs.contrib.sentry.run_scopes import RunScopes
    except ModuleNotFoundError as error:
        if error.name != "sentry_sdk":
            raise
        from pooljobs.contrib.missing_extra import MissingExtraError

        raise MissingExtraError(__name__, "sentry-sdk", "sentry") from None
    scopes = RunScopes(app, every=errors == "every", payload=payload, options=options)
    app.on_enqueue(scopes.enqueued)
    app.around(scopes.around)
    app.on_failure(scopes.failed)
    app.on_worker_start(scopes.start)
    app.on_worker_stop(scopes.flush)
