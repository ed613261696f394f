"""Jobs in OpenTelemetry: ``otel.install(app)``, once, where the application is made.

Its extra is ``otel``, which is OpenTelemetry's SDK; how it is set up, and its exporter, are the application's own.
docs/observability.md says what is recorded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

    from pooljobs.application.app import PoolJobs


def install(
    app: PoolJobs, *, tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None
) -> None:
    """Trace the jobs of an application from their enqueue to their runs, and measure the runs.

    Args:
        app: The application. Hooks that were registered before this one surround the span, others are inside of it.
        tracer_provider: Default: the global one, whenever that is set.
        meter_provider: The same.

    Raises:
        MissingExtraError: OpenTelemetry is not installed.
    """
    try:
        from pooljobs.contrib.otel.job_spans import JobSpans
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("opentelemetry"):
            raise
        from pooljobs.contrib.missing_extra import MissingExtraError

        raise MissingExtraError(__name__, "opentelemetry-sdk", "otel") from None
    spans = JobSpans(app, tracer_provider, meter_provider)
    app.on_enqueue(spans.enqueued)
    app.around(spans.around)
    app.on_worker_stop(spans.flush)
