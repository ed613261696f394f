"""The hooks: a span where a job is made, one for each of its runs that is linked to that, and how long runs take.

A run is linked to the enqueue and is no child of it: it may come days later, and a trace would never end. Names and
attributes are those of OpenTelemetry's conventions for messaging.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from opentelemetry import context, metrics, trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.util.types import AttributeValue

from pooljobs.application.app import PoolJobs
from pooljobs.contrib.run_result import is_failure
from pooljobs.contrib.traceparent import TraceParent, may_trace
from pooljobs.handler.context import JobContext
from pooljobs.job.error_text import error_type, headline, traceback_text
from pooljobs.job.new_job import NewJob

SCOPE: Final = "pooljobs"
"""Name of the instrumentation."""

DURATION: Final = "messaging.process.duration"

Attributes = dict[str, AttributeValue]


class JobSpans:
    """Those of one application."""

    def __init__(
        self, app: PoolJobs, tracers: trace.TracerProvider | None, meters: metrics.MeterProvider | None
    ) -> None:
        self._app = app
        self._providers = (tracers, meters)
        self._tracer = trace.get_tracer(SCOPE, tracer_provider=tracers)
        meter = metrics.get_meter(SCOPE, meter_provider=meters)
        self._duration = meter.create_histogram(DURATION, "s", "How long handlers run")

    def enqueued(self, job: NewJob) -> NewJob | None:
        """Marks where a job is made, and hands that on to its runs."""
        if not may_trace(job):
            return None
        attributes = {**_of(job, "create"), "pooljobs.job.priority": job.priority}
        if job.payload:  # those of enqueue_many come later
            attributes["messaging.message.body.size"] = len(job.payload)
        with self._tracer.start_span(f"create {job.job_type}", kind=SpanKind.PRODUCER, attributes=attributes) as span:
            made = span.get_span_context()
        if not made.is_valid:  # nobody records here
            return None
        parent = TraceParent(f"{made.trace_id:032x}", f"{made.span_id:016x}", made.trace_flags.sampled)
        return job._replace(trace_id=str(parent))

    def around(self, job: JobContext) -> Iterator[None]:
        """Surrounds a run by a span, which is the current one in the handler."""
        measured = _of(job, "process")
        attributes: Attributes = {
            **measured,
            "messaging.message.id": str(job.id),
            "pooljobs.job.attempt": job.attempt,
            "pooljobs.job.max_retries": job.max_retries,
            "pooljobs.job.priority": job.priority,
        }
        span = self._tracer.start_span(
            f"process {job.job_type}", Context(), kind=SpanKind.CONSUMER, attributes=attributes, links=_links(job)
        )
        began = time.perf_counter()
        try:
            with _current(span):
                yield
        except BaseException as error:
            if is_failure(self._app, job, error):
                measured["error.type"] = error_type(error)
                _record(span, error)
            raise
        finally:
            self._duration.record(time.perf_counter() - began, measured)
            span.end()

    def flush(self) -> None:
        """Has exported what has ended, for as long as the SDK takes by default."""
        tracers, meters = self._providers
        for provider in (tracers or trace.get_tracer_provider(), meters or metrics.get_meter_provider()):
            if (force_flush := getattr(provider, "force_flush", None)) is not None:  # the API's own has none
                force_flush()


def _of(job: NewJob | JobContext, operation: str) -> Attributes:
    return {
        "messaging.system": SCOPE,
        "messaging.operation.type": operation,
        "messaging.operation.name": operation,
        "messaging.destination.name": job.queue,
        "pooljobs.job.type": job.job_type,
    }


def _links(job: JobContext) -> list[Link]:
    parent = TraceParent.of(job.trace_id)
    if parent is None:
        return []
    flags = TraceFlags(TraceFlags.SAMPLED if parent.sampled else TraceFlags.DEFAULT)
    return [Link(SpanContext(int(parent.trace, 16), int(parent.span, 16), is_remote=True, trace_flags=flags))]


@contextmanager
def _current(span: Span) -> Iterator[None]:
    """Not by a token, as the API does it: what is entered in one context may be left in a copy of it."""
    before = context.get_current()
    context.attach(trace.set_span_in_context(span, before))
    try:
        yield
    finally:
        context.attach(before)


def _record(span: Span, error: BaseException) -> None:
    """Without the values of secret parameters, which the SDK would tell."""
    if not span.is_recording():
        return
    kind, line = error_type(error), headline(error)
    span.set_attribute("error.type", kind)
    told: Attributes = {
        "exception.type": kind,
        "exception.message": line.removeprefix(f"{kind}: "),
        "exception.stacktrace": traceback_text(error, error.__traceback__),
    }
    span.add_event("exception", told)
    span.set_status(Status(StatusCode.ERROR, line))
