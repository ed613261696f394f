"""Spans and durations of real runs, in the real SDK."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from pooljobs import PoolJobs
from pooljobs.contrib import otel
from pooljobs.job.verdict import Verdict
from tests.unit.contrib.jobs import an_app
from tests.unit.worker.dispatching import dispatching

KINDS = pytest.mark.parametrize(
    ("job_type", "mode"),
    [("plain", {}), ("awaits", {}), ("awaits", {"tasks": True}), ("awaits", {"background": True}), ("hidden", {})],
    ids=str,
)


@dataclass
class Observed:
    """An application under the SDK."""

    app: PoolJobs
    exporter: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)
    reader: InMemoryMetricReader = field(default_factory=InMemoryMetricReader)

    def __post_init__(self) -> None:
        self.tracers, self.meters = TracerProvider(), MeterProvider([self.reader])
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        otel.install(self.app, tracer_provider=self.tracers, meter_provider=self.meters)

    def run(self, job_type: str, payload: object = None, *, trace_id: str | None = None, **mode: Any) -> Verdict:
        with dispatching(self.app, **mode) as here:
            job = here.claimed(job_type, payload)
            job.trace_id = trace_id
            return here.run(job, 1).verdict

    @property
    def spans(self) -> dict[str, ReadableSpan]:
        return {span.name: span for span in self.exporter.get_finished_spans()}

    @property
    def points(self) -> list[Any]:
        data = self.reader.get_metrics_data()
        assert data is not None
        metrics = [m for r in data.resource_metrics for s in r.scope_metrics for m in s.metrics]
        assert [(metric.name, metric.unit) for metric in metrics] == [("messaging.process.duration", "s")]
        return list(metrics[0].data.data_points)


@pytest.fixture
def observed() -> Iterator[Callable[..., Observed]]:
    made: list[Observed] = []

    def make(inside: Callable[[], object] = lambda: None) -> Observed:
        made.append(Observed(an_app(inside)))
        return made[-1]

    yield make
    for each in made:
        each.tracers.shutdown()
        each.meters.shutdown()


def link_of(span: ReadableSpan) -> tuple[int, int]:
    (link,) = span.links
    return link.context.trace_id, link.context.span_id


def identity(span: ReadableSpan) -> tuple[int, int]:
    assert span.context is not None
    return span.context.trace_id, span.context.span_id


def written(span: ReadableSpan) -> str:
    return "00-{:032x}-{:016x}-01".format(*identity(span))


@KINDS
def test_a_run_is_linked_to_the_enqueue_and_a_job_it_enqueues_to_the_run(
    observed: Callable[..., Observed], job_type: str, mode: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    children: list[str | None] = []
    seen: Observed = observed(lambda: children.append(seen.app.registry["plain"].prepare({}).trace_id))
    with seen.tracers.get_tracer("web").start_as_current_span("request") as request:
        enqueued = seen.app.registry[job_type].prepare({}).trace_id
    made = seen.spans[f"create {job_type}"]
    assert made.kind is SpanKind.PRODUCER
    assert made.parent == request.get_span_context()
    assert enqueued == written(made)

    assert seen.run(job_type, trace_id=enqueued, **mode) is Verdict.COMPLETED
    run = seen.spans[f"process {job_type}"]
    assert run.kind is SpanKind.CONSUMER
    assert run.parent is None
    assert link_of(run) == identity(made)
    assert run.context.trace_id != made.context.trace_id
    child = seen.exporter.get_finished_spans()[-2]
    assert child.name == "create plain"
    assert child.parent == run.context
    assert children == [written(child)]
    assert trace.get_current_span() is trace.INVALID_SPAN
    assert caplog.text == ""


def test_attributes_are_those_of_the_conventions(observed: Callable[..., Observed]) -> None:
    seen = observed()
    seen.app.registry["plain"].prepare({"raises": None})
    seen.run("plain")
    shared = {"messaging.system": "pooljobs", "messaging.destination.name": "default", "pooljobs.job.type": "plain"}
    assert dict(seen.spans["create plain"].attributes or {}) == {
        **shared,
        "messaging.operation.type": "create",
        "messaging.operation.name": "create",
        "messaging.message.body.size": len(b'{"raises":null}'),
        "pooljobs.job.priority": 0,
    }
    (point,) = seen.points
    assert dict(seen.spans["process plain"].attributes or {}) == {
        **(measured := {**shared, "messaging.operation.type": "process", "messaging.operation.name": "process"}),
        "messaging.message.id": "00000000-0000-0000-0000-000000000065",
        "pooljobs.job.attempt": 1,
        "pooljobs.job.max_retries": 3,
        "pooljobs.job.priority": 0,
    }
    assert dict(point.attributes) == measured
    assert (point.count, 0 <= point.sum < 60) == (1, True)
    assert seen.spans["process plain"].links == ()


@KINDS
def test_errors_are_recorded(observed: Callable[..., Observed], job_type: str, mode: dict[str, Any]) -> None:
    seen = observed()
    assert seen.run(job_type, {"raises": "error"}, **mode) is Verdict.RETRY
    span = seen.spans[f"process {job_type}"]
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == "ValueError: no"
    assert (span.attributes or {})["error.type"] == "ValueError"
    (event,) = span.events
    told = event.attributes or {}
    assert (told["exception.type"], told["exception.message"]) == ("ValueError", "no")
    assert "raise error" in str(told["exception.stacktrace"])
    assert [point.attributes["error.type"] for point in seen.points] == ["ValueError"]


@pytest.mark.parametrize(
    ("raises", "verdict"),
    [
        ("snooze", Verdict.SNOOZED),
        ("retry", Verdict.RETRY),
        ("discard", Verdict.CANCELLED),
        ("lookup", Verdict.CANCELLED),
    ],
)
@pytest.mark.parametrize("job_type", ["plain", "awaits"])
def test_decisions_are_no_errors(
    observed: Callable[..., Observed], job_type: str, raises: str, verdict: Verdict
) -> None:
    seen = observed()
    assert seen.run(job_type, {"raises": raises}) is verdict
    span = seen.spans[f"process {job_type}"]
    assert span.status.status_code is StatusCode.UNSET
    assert span.events == ()


def test_secret_values_are_told_nowhere(observed: Callable[..., Observed]) -> None:
    seen = observed()
    seen.run("charge", {"card": "4111-1111", "amount": 5})
    text = seen.spans["process charge"].to_json()
    assert "*** is refused, not 5" in text
    assert "4111-1111" not in text


def test_a_trace_id_that_was_given_stays(observed: Callable[..., Observed]) -> None:
    seen = observed()
    assert seen.app.registry["plain"].options(trace_id="acme").prepare({}).trace_id == "acme"
    assert seen.run("plain", trace_id="acme") is Verdict.COMPLETED
    assert list(seen.spans) == ["process plain"]
    assert seen.spans["process plain"].links == ()


def test_without_an_sdk_nothing_is_recorded_and_trace_ids_stay_as_they_are() -> None:
    app = an_app()
    otel.install(app, tracer_provider=trace.NoOpTracerProvider())
    assert app.registry["plain"].prepare({}).trace_id is None
    with dispatching(app) as here:
        assert here.run(here.claimed("plain"), 1).verdict is Verdict.COMPLETED
    for hook in app.hooks.on_worker_stop:
        hook()


def test_what_is_left_is_exported_before_the_worker_leaves() -> None:
    exporter, tracers = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    tracers.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=3_600_000))
    app = an_app()
    otel.install(app, tracer_provider=tracers)
    app.registry["plain"].prepare({})
    assert exporter.get_finished_spans() == ()
    for hook in app.hooks.on_worker_stop:
        hook()
    assert [span.name for span in exporter.get_finished_spans()] == ["create plain"]
    tracers.shutdown()
