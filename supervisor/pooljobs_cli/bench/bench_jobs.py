"""The application of ``pooljobs bench``: a handler that does nothing, and one that says when it was entered."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from typing import Final

from pooljobs import PoolJobs, State, injected

SCHEMA: Final = "pooljobs_bench"

DSN_VARIABLE: Final = "POOLJOBS_DSN"
"""Tells the workers their database."""

SOCKET_VARIABLE: Final = "POOLJOBS_BENCH_SOCKET"
"""Tells them the path of the datagram socket on which the command listens."""


class Bell:
    """Tells the command, by a socket: both read the same monotonic clock of this machine."""

    def __init__(self, sender: socket.socket) -> None:
        self._sender = sender

    def ring(self, n: int) -> None:
        """Job ``n`` runs now."""
        self._sender.send(f"{n} {time.monotonic_ns()}".encode())


def open_bell() -> Iterator[Bell]:
    """A socket connected to the command's."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.connect(os.environ[SOCKET_VARIABLE])
        yield Bell(sender)


app = PoolJobs(schema=SCHEMA)
app.provide(Bell, open_bell)


@app.job
def nothing(n: int) -> None:
    """Returns at once."""


@app.job
def ring(n: int, bell: State[Bell] = injected()) -> None:
    """Says that it was entered."""
    bell.ring(n)
