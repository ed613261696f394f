"""What every run needs, said once: a hook around runs, and one for failures.

Enqueue:  python -m examples.tenants
Run:      pooljobs serve --app examples.tenants --until-empty
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextvars import ContextVar

from pooljobs import JobContext, PoolJobs

app = PoolJobs()
log = logging.getLogger("tenants")
tenant: ContextVar[str] = ContextVar("tenant")


@app.around
def in_tenant(job: JobContext) -> Iterator[None]:
    token = tenant.set(job.trace_id or "nobody")
    try:
        yield  # the handler runs here
    finally:
        tenant.reset(token)


@app.on_failure
def report(job: JobContext, error: BaseException, final: bool) -> None:
    log.warning("to the error tracker: %s: %s%s", job.job_type, error, ", for good" if final else "")


@app.job
def invoice(month: int) -> None:
    log.info("%s has its invoice of month %d", tenant.get(), month)


@app.job(max_attempts=1)
def archive(year: int) -> None:
    raise FileNotFoundError(f"{tenant.get()} has no year {year}")


def main() -> None:
    with app:
        invoice.options(trace_id="acme").enqueue(month=5)
        archive.options(trace_id="acme").enqueue(year=1999)


if __name__ == "__main__":
    main()
