"""The hooks: a scope for each run, in which its errors are reported once it is known whether they are final.

A run's context may be left in another context than it was entered in (an async handler that a decorator hides), where
``contextvars`` refuse to be reset; and ``on_failure`` may be called in one that sees nothing of the run's. So a copy of
the context in which a run failed is kept until then, by the claim of the job.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import Context, copy_context
from typing import Any, Final
from uuid import UUID

import sentry_sdk
from sentry_sdk.integrations.logging import ignore_logger
from sentry_sdk.scope import Scope
from sentry_sdk.tracing import NoOpSpan, Transaction
from sentry_sdk.tracing_utils import has_tracing_enabled
from sentry_sdk.utils import event_from_exception

from pooljobs.application.app import PoolJobs
from pooljobs.contrib.run_result import is_failure
from pooljobs.contrib.sentry.scrubbing import scrubber
from pooljobs.contrib.traceparent import TraceParent, may_trace
from pooljobs.handler.context import JobContext
from pooljobs.job.new_job import NewJob
from pooljobs.job.secret_values import masker

LOGGER: Final = "pooljobs.worker"
"""It says at ERROR what is reported here with more."""

ORIGIN: Final = "auto.queue.pooljobs"

MOST_KEPT: Final = 100
"""Runs that have raised whose context is kept until ``on_failure``: it comes at once or, after a ``Snooze``, never."""


class RunScopes:
    """Those of one application."""

    def __init__(self, app: PoolJobs, *, every: bool, payload: bool, options: Mapping[str, Any]) -> None:
        """``every``: report runs that are tried again too; ``options``: for ``sentry_sdk.init``."""
        self._app = app
        self._every = every
        self._payload = payload
        self._options = options
        self._kept: dict[tuple[UUID, int], tuple[Context, Transaction | NoOpSpan]] = {}
        ignore_logger(LOGGER)

    def start(self) -> None:
        """Begins Sentry in this worker: what threads it has would not survive a fork."""
        if self._options:
            sentry_sdk.init(**self._options)

    def flush(self) -> None:
        """Sends what is still there, for as long as the SDK's ``shutdown_timeout`` says."""
        sentry_sdk.flush()

    def enqueued(self, job: NewJob) -> NewJob | None:
        """Hands the span that enqueues the job on to its runs."""
        span = sentry_sdk.get_current_span()
        if span is None or isinstance(span, NoOpSpan) or not may_trace(job):
            return None
        return job._replace(trace_id=str(TraceParent(span.trace_id, span.span_id, bool(span.sampled))))

    def around(self, job: JobContext) -> Iterator[None]:
        """Surrounds a run: what it says to Sentry, or leaves there, is its own."""
        if not sentry_sdk.is_initialized():
            yield
            return
        with _isolated() as scope:
            self._describe(scope, job)
            transaction = _transaction(scope, job)
            with _entered(transaction):
                try:
                    yield
                except BaseException as error:
                    transaction.set_status("internal_error" if is_failure(self._app, job, error) else "ok")
                    self._keep(job, transaction)
                    raise
                transaction.set_status("ok")

    def failed(self, job: JobContext, error: BaseException, final: bool) -> None:
        """Reports an error, in the scope of its run, if it is one to report."""
        kept = self._kept.pop((job.id, job.fence), None)
        if not sentry_sdk.is_initialized() or not (final or (self._every and is_failure(self._app, job, error))):
            return
        if kept is None:  # it has not begun: what is injected could not be made
            with _isolated() as scope:
                self._describe(scope, job)
                _capture(error)
            return
        context, transaction = kept
        context.run(_capture, error, transaction)

    def _describe(self, scope: Scope, job: JobContext) -> None:
        scope.clear_breadcrumbs()
        sentry_sdk.get_current_scope().set_transaction_name(job.job_type, source="task")  # it has the last word
        tags = {"job_id": str(job.id), "job_type": job.job_type, "queue": job.queue, "attempt": str(job.attempt)}
        for name, value in tags.items():
            scope.set_tag(name, value)
        scope.set_context(
            "job", {**tags, "max_retries": job.max_retries, "priority": job.priority, "trace_id": job.trace_id}
        )
        secret = bool(self._app.registry[job.job_type].secret)
        scope.add_event_processor(scrubber(masker() if secret else None, variables=self._payload and not secret))

    def _keep(self, job: JobContext, transaction: Transaction | NoOpSpan) -> None:
        self._kept[job.id, job.fence] = (copy_context(), transaction)
        while len(self._kept) > MOST_KEPT:
            with suppress(KeyError, StopIteration, RuntimeError):  # another thread was here
                del self._kept[next(iter(self._kept))]


@contextmanager
def _isolated() -> Iterator[Scope]:
    manager = sentry_sdk.isolation_scope()
    scope = manager.__enter__()
    try:
        yield scope
    finally:
        with suppress(ValueError):  # in another context, which ends with the run
            manager.__exit__(None, None, None)


@contextmanager
def _entered(transaction: Transaction | NoOpSpan) -> Iterator[None]:
    """Without what is raised, which would give it a status: a ``Snooze`` is no error."""
    transaction.__enter__()
    try:
        yield
    finally:
        transaction.__exit__(None, None, None)


def _transaction(scope: Scope, job: JobContext) -> Transaction | NoOpSpan:
    """Goes on with the trace that the job comes from, with a transaction where Sentry traces here."""
    parent = TraceParent.of(job.trace_id)
    header = {} if parent is None else {"sentry-trace": f"{parent.trace}-{parent.span}-{int(parent.sampled)}"}
    begun = scope.continue_trace(header, op="queue.process", name=job.job_type, source="task", origin=ORIGIN)
    if not has_tracing_enabled(sentry_sdk.get_client().options):
        return NoOpSpan()  # an unsampled one would have the services that the handler calls record nothing either
    transaction = sentry_sdk.start_transaction(begun, custom_sampling_context={"job": job})
    transaction.set_data("messaging.system", "pooljobs")
    transaction.set_data("messaging.destination.name", job.queue)
    transaction.set_data("messaging.message.id", str(job.id))
    transaction.set_data("messaging.message.retry.count", job.attempt - 1)
    return transaction


def _capture(error: BaseException, transaction: Transaction | NoOpSpan | None = None) -> None:
    """Reports it, as part of a transaction that has ended if there is one."""
    if isinstance(transaction, Transaction):
        sentry_sdk.get_current_scope().span = transaction
    options = sentry_sdk.get_client().options
    event, hint = event_from_exception(error, client_options=options, mechanism={"type": "pooljobs", "handled": False})
    sentry_sdk.capture_event(event, hint=hint)
