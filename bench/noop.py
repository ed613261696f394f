"""The application that the benchmarks run: handlers that do nothing."""

from __future__ import annotations

import asyncio
import time

from pooljobs import PoolJobs

app = PoolJobs()


@app.job
def noop(n: int, pad: str = "") -> None:
    """Returns at once."""


@app.job(unique=True)
def noop_unique(n: int) -> None:
    """Returns at once."""


@app.job(result=True)
def noop_kept(n: int, pad: str = "") -> None:
    """Returns at once, and nothing."""


@app.job(result=True)
def noop_returning(n: int, pad: str = "") -> dict[str, int | str]:  # noqa: ARG001  # the payload is the same for all
    """Returns at once."""
    return {"n": n, "name": "x"}


@app.job
async def noop_async(n: int, pad: str = "") -> None:
    """Returns at once, on the event loop."""


@app.job
def sleep(secs: float = 3600.0) -> None:
    """Keeps its worker busy."""
    time.sleep(secs)


@app.job
async def nap_async(n: int, pad: str = "") -> None:  # noqa: ARG001  # the payload is the same for all
    """Waits for ten milliseconds, as for somebody's answer."""
    await asyncio.sleep(0.01)
