"""A handler that fails where a standard descriptor is closed, or is none: here, and in a program that it starts."""

from __future__ import annotations

import os
import stat
import subprocess
import sys

from pooljobs import PoolJobs

app = PoolJobs()

LOOK = "exec 3<&0 4>&1 5>&2"
"""In a shell: an error where one of these is closed."""


@app.job(max_attempts=1)
def look(name: str) -> None:
    """``name`` is printed, in whatever characters."""
    print("größe of", name)
    print("größe of", name, file=sys.stderr)
    modes = [os.fstat(number).st_mode for number in (0, 1, 2)]
    if any(stat.S_ISSOCK(mode) for mode in modes):
        raise OSError("a connection has a standard descriptor's number")
    subprocess.run(["sh", "-c", LOOK], check=True)
