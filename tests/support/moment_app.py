"""An application for ``moments_main.py``: its handler has a moment of its own."""

from __future__ import annotations

from pooljobs import JobContext, PoolJobs, State
from tests.support.audit_app import Audit, open_audit
from tests.support.moments import MOMENTS

app = PoolJobs()
app.provide(Audit, open_audit)


@app.job
def audited(audit: State[Audit], ctx: JobContext) -> None:
    """Goes on record."""
    audit.began(ctx)
    MOMENTS.at("handler")


@app.job
def stuck() -> None:
    """Never returns."""
    import time

    time.sleep(600)
