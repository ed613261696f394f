"""Sentry: a scope for each run, and one event for each job that has failed for good.

Run a worker:    SENTRY_DSN=https://… pooljobs serve --app examples.sentry_errors:app
Enqueue one:     python -m examples.sentry_errors
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sentry_sdk
from sentry_sdk.integrations.logging import ignore_logger

from pooljobs import JobContext, PoolJobs

app = PoolJobs()
ignore_logger("pooljobs.worker")  # its lines tell of the same failures


@app.on_worker_start
def start() -> None:
    """In each worker, after the fork: the client has a thread. It reads SENTRY_DSN, and without it sends nothing."""
    sentry_sdk.init()


@contextmanager
def scope_of(job: JobContext) -> Iterator[None]:
    with sentry_sdk.isolation_scope() as scope:
        scope.set_tag("job_type", job.job_type)
        scope.set_tag("queue", job.queue)
        scope.set_context("job", {"id": str(job.id), "attempt": job.attempt, "max_attempts": job.max_retries})
        yield


@app.around
def in_scope(job: JobContext) -> Iterator[None]:
    """What the handler itself sends is told with its job."""
    with scope_of(job):
        yield


@app.on_failure
def report(job: JobContext, error: BaseException, final: bool) -> None:
    """Errors that a later run may make good are not worth an event."""
    if final:
        with scope_of(job):
            sentry_sdk.capture_exception(error)


@app.job(max_attempts=2, retry_policy="fixed", retry_delay_secs=0)
def charge(card: str) -> None:
    sentry_sdk.capture_message("charging")
    raise ConnectionError(f"no answer for card {card[-4:]}")


if __name__ == "__main__":
    with app:
        charge.enqueue("4000056655665556")
