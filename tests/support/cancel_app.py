"""Handlers that take being cancelled in different ways. Each goes on record first, in the table ``audit``."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from pooljobs import JobContext, PoolJobs, State
from tests.support.audit_app import Audit, open_audit
from tests.support.waiting import wait_until

LONG = 120.0
"""Seconds: longer than any test waits."""

app = PoolJobs()
app.provide(Audit, open_audit)


@app.job
def sleeps(audit: State[Audit], ctx: JobContext, secs: float = LONG) -> None:
    """Does nothing about it."""
    audit.began(ctx)
    time.sleep(secs)


@app.job
def waits(audit: State[Audit], ctx: JobContext, path: str) -> None:
    """Goes on until there is such a file."""
    audit.began(ctx)
    wait_until(lambda: Path(path).exists(), timeout=LONG, what=path)


@app.job
async def sleeps_async(audit: State[Audit], ctx: JobContext, secs: float = LONG) -> None:
    """Does nothing about it, on the event loop."""
    audit.began(ctx)
    await asyncio.sleep(secs)


@app.job
def returns(audit: State[Audit], ctx: JobContext) -> None:
    """Ends early, with a result that counts."""
    audit.began(ctx)
    try:
        time.sleep(LONG)
    except BaseException:  # noqa: BLE001 # whatever tells it to end
        return


@app.job
def raises(audit: State[Audit], ctx: JobContext) -> None:
    """Fails at it, as cleaning up may; its policy would run it again at once."""
    audit.began(ctx)
    try:
        time.sleep(LONG)
    except BaseException:  # noqa: BLE001 # whatever tells it to end
        raise ValueError("could not clean up") from None


@app.job
def stubborn(audit: State[Audit], ctx: JobContext) -> None:
    """Does not listen."""
    audit.began(ctx)
    until = time.monotonic() + LONG
    while time.monotonic() < until:
        try:
            time.sleep(LONG)
        except BaseException:  # noqa: BLE001 # so it is
            continue
