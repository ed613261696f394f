"""An application under both tracers, for a fleet: it reports to the Sentry, and into the file, that are named."""

from __future__ import annotations

import os
from pathlib import Path

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter

from pooljobs import PoolJobs
from pooljobs.contrib import otel, sentry

app = PoolJobs()
otel.install(app)
sentry.install(app, dsn=os.environ["SENTRY_AT"])


@app.on_worker_start
def record() -> None:
    file = Path(os.environ["SPANS"]).open("a")  # noqa: SIM115  # as long as the worker lives
    exporter = ConsoleSpanExporter(out=file, formatter=lambda span: f"{span.to_json(indent=None)}\n")
    provider = TracerProvider(shutdown_on_exit=False)  # what is not flushed is lost
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=3_600_000))
    trace.set_tracer_provider(provider)


@app.job
def parent(name: str) -> None:
    child.enqueue(name=name)


@app.job(max_attempts=1)
async def child(name: str) -> None:
    raise ValueError(f"no {name}")
