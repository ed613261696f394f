"""The application that the benchmarks run: handlers that do nothing."""

from __future__ import annotations

from pooljobs import PoolJobs

app = PoolJobs()


@app.job
def noop(n: int, pad: str = "") -> None:
    """Returns at once."""


@app.job
async def noop_async(n: int, pad: str = "") -> None:
    """Returns at once, on the event loop."""
