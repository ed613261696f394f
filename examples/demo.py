"""Jobs of every temper, to try things out: quick, slow, flaky, hopeless, and one that kills its own process.

    pooljobs enqueue quick --app examples.demo
    pooljobs enqueue flaky --app examples.demo --payload '{"failures": 2}'
    pooljobs serve --app examples.demo --procs 2

``pooljobs demo`` runs ten thousand jobs like these and audits what became of them.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time

from pooljobs import JobContext, PoolJobs, injected

app = PoolJobs()
log = logging.getLogger("demo")


@app.job
def quick(ms: float = 2.0) -> None:
    """Takes a millisecond or two."""
    time.sleep(ms / 1000)


@app.job
async def slow(seconds: float = 0.5) -> None:
    """Takes its time."""
    await asyncio.sleep(seconds)


@app.job(max_retries=5, retry_delay_secs=0.5)
def flaky(failures: int = 1, ctx: JobContext = injected()) -> None:
    """Fails that many times, then succeeds."""
    if ctx.attempt <= failures:
        raise ConnectionError(f"the service is away (run {ctx.attempt})")
    log.info("the service is back")


@app.job(retry_policy="none")
def hopeless() -> None:
    """Fails for good at the first error."""
    raise ValueError("no such customer")


@app.job
def deadly(ctx: JobContext = injected()) -> None:
    """Kills its own process in its first run; the second, in another process, succeeds."""
    if ctx.attempt == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    log.info("survived")
