"""Runs jobs where they are enqueued: for tests in which it matters what they do, and not when."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pooljobs.application.app import PoolJobs
from pooljobs_testing.handler_runner import HandlerRunner
from pooljobs_testing.inline_callers import InlineCallers
from pooljobs_testing.inline_producer import InlineProducer


@contextmanager
def inline(app: PoolJobs) -> Iterator[None]:
    """Has each job of an application run at its enqueue, in the enqueuing thread, with no database at all.

    The payload goes through JSON, and hooks, arguments and verdicts are a worker's. A run that fails is raised by the
    enqueue, and is not tried again; delays are not waited for; a job of ``enqueue_with`` runs before the commit. What
    would be stored without being a job, a pause or a schedule, is refused (RefusedError). State that handlers were
    given is closed at the end.
    """
    runner = HandlerRunner(app)
    try:
        producer = InlineProducer(runner, app.schema)
        with app._outlet.replaced(producer, InlineCallers(producer, app.schema), producer):  # noqa: SLF001  # of the same family
            yield
    finally:
        try:
            runner.close()
        finally:
            app.state.close()
