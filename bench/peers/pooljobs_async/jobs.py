"""The application: the same for the driver, which enqueues, and for the workers."""

from __future__ import annotations

import socket
import time

from pooljobs import PoolJobs

app = PoolJobs()


@app.job
async def noop(n: int) -> None:
    """Returns at once."""


@app.job
async def clocked(port: int, n: int) -> None:
    """Tells at once when it was entered, to the port that its job names."""
    entered = time.monotonic_ns()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(f"{n} {entered}".encode(), ("127.0.0.1", port))
