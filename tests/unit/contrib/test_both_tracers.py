"""Sentry and OpenTelemetry in one application: whichever comes first writes the trace id, both go on from it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sentry_sdk
from opentelemetry.sdk.trace import TracerProvider
from sentry_sdk.scope import Scope

from pooljobs import PoolJobs
from pooljobs.contrib import otel, sentry
from pooljobs.contrib.traceparent import TraceParent
from pooljobs.job.verdict import Verdict
from tests.unit.contrib.jobs import an_app
from tests.unit.worker.dispatching import dispatching


@pytest.fixture(autouse=True)
def tracing_sentry() -> Iterator[None]:
    sentry_sdk.init(traces_sample_rate=1.0, default_integrations=False)
    yield
    Scope.get_global_scope().set_client(None)


def test_the_first_one_writes_the_trace_id_of_children_too() -> None:
    children: list[str | None] = []
    app: PoolJobs = an_app(lambda: children.append(app.registry["plain"].prepare({}).trace_id))
    tracers = TracerProvider(shutdown_on_exit=False)
    otel.install(app, tracer_provider=tracers)
    sentry.install(app)
    with (
        tracers.get_tracer("web").start_as_current_span("request") as request,
        sentry_sdk.start_transaction(op="http.server", name="request"),
    ):
        made = app.registry["plain"].prepare({}).trace_id
    parent = TraceParent.of(made)
    assert parent is not None
    assert int(parent.trace, 16) == request.get_span_context().trace_id
    with dispatching(app) as here:
        job = here.claimed("plain")
        job.trace_id = made
        assert here.run(job, 1).verdict is Verdict.COMPLETED
    child = TraceParent.of(children[0])
    assert child is not None
    assert child.trace != parent.trace, "OpenTelemetry's of the run; Sentry goes on with the enqueue's"
