"""The application of ``bench.latency``: a handler that says at once when it was entered."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator

from pooljobs import PoolJobs, State, injected

PLACE = "BENCH_LATENCY_SOCKET"
"""Environment variable: the path of the datagram socket that is told."""


class Report:
    """Tells the benchmark, by a socket: both read the same monotonic clock of this machine."""

    def __init__(self, sender: socket.socket) -> None:
        self._sender = sender

    def entered(self, n: int) -> None:
        """Job ``n`` runs now."""
        self._sender.send(f"{n} {time.monotonic_ns()}".encode())


def open_report() -> Iterator[Report]:
    """A socket connected to the benchmark's."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.connect(os.environ[PLACE])
        yield Report(sender)


app = PoolJobs()
app.provide(Report, open_report)


@app.job
def clocked(n: int, report: State[Report] = injected()) -> None:
    """Says that it was entered."""
    report.entered(n)
