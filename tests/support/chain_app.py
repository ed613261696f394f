"""An application whose jobs enqueue the next ones as the last thing that they do."""

from __future__ import annotations

from pooljobs import PoolJobs

app = PoolJobs()


@app.job
def link(more: int) -> None:
    """One of a chain, of which so many more are to come."""
    if more:
        link.enqueue(more=more - 1)
