"""An application whose import leaves word of the process that did it, in the file that NOTED names."""

from __future__ import annotations

import os

from pooljobs import PoolJobs

with open(os.environ["NOTED"], "a") as file:  # noqa: PTH123  # an append of one line, as it is written
    file.write(f"{os.getpid()}\n")

app = PoolJobs()


@app.job
def noop() -> None:
    """Does nothing."""
