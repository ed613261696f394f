"""OpenTelemetry: a span for each enqueue and for each run, linked; here they are printed as lines of JSON.

Run a worker:    pooljobs serve --app examples.otel_spans:app
Enqueue one:     python -m examples.otel_spans
"""

from __future__ import annotations

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter

from pooljobs import PoolJobs
from pooljobs.contrib import otel

app = PoolJobs()
otel.install(app)


@app.on_worker_start  # its thread would not survive the fork
def export_spans() -> None:
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(ConsoleSpanExporter(formatter=a_line)))
    trace.set_tracer_provider(provider)


def a_line(span: ReadableSpan) -> str:
    return f"{span.to_json(indent=None)}\n"


@app.job
def sign_up(name: str) -> None:
    welcome.enqueue(name=name)


@app.job(max_attempts=1, secret=["name"])
async def welcome(name: str) -> None:
    raise ConnectionError(f"no mail server for {name}")


def main() -> None:
    with app:
        sign_up.enqueue(name="Grace")


if __name__ == "__main__":
    main()
