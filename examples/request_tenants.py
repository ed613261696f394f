"""A tenant that goes with a request into the jobs that it enqueues, and on into those that they enqueue.

Run a worker:    pooljobs serve --app examples.request_tenants:app
Enqueue one:     python -m examples.request_tenants
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextvars import ContextVar

from pooljobs import JobContext, PoolJobs
from pooljobs.job.new_job import NewJob

log = logging.getLogger("examples.request_tenants")

app = PoolJobs()
tenant: ContextVar[str] = ContextVar("tenant")


@app.on_enqueue
def send_tenant(job: NewJob) -> NewJob:
    """Where the job is enqueued: in a request, or in another job. The trace id is text, and goes with the job."""
    return job._replace(trace_id=f"tenant:{tenant.get()}")


@app.around
def in_tenant(job: JobContext) -> Iterator[None]:
    """In the worker. Each run has a context of its own: nobody else sees what is set here."""
    tenant.set((job.trace_id or "").removeprefix("tenant:"))
    yield


@app.job
def close_month(month: str) -> None:
    log.info("%s closes %s", tenant.get(), month)
    send_report.enqueue(month)


@app.job
def send_report(month: str) -> None:
    log.info("report of %s for %s", month, tenant.get())


if __name__ == "__main__":
    with app:
        tenant.set("acme")  # a web framework's middleware would
        close_month.enqueue("2027-01")
