"""An application whose jobs do nothing, but for the bad ones."""

from __future__ import annotations

import os

from pooljobs import PoolJobs

app = PoolJobs()


@app.job
def harmless() -> None:
    """Does nothing."""


@app.job
def bad() -> None:
    """Ends its process."""
    os._exit(1)
