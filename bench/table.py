"""An application of ``bench.scale`` whose import builds something large, as a model or a table of prices is."""

from __future__ import annotations

from pooljobs import PoolJobs

app = PoolJobs()

ROWS = 40_000
TABLE = [bytes([n % 251]) * 1000 for n in range(ROWS)]
"""40 MB. What is read as bytes stays shared; to look at an object is to count a reference, and copies its page."""


@app.job
def look_up(n: int) -> int:
    """Reads one row."""
    return sum(TABLE[n % ROWS])
