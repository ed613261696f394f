"""Holds one connection of a helper's thread and cuts it when a statement is not answered for too long.

The supervisor's watchdog sees the steward's main thread alone. So that one looks after its helpers: it asks the
watchdog now and then, and whoever waits on a connection that was cut goes on with an ordinary error.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from psycopg import Connection

_MOST_STEP = 2.0
"""Seconds that count between two looks at most: while the whole process stood still, nobody hung."""


class StatementWatchdog:
    """One connection at a time. ``look`` and ``let_go`` may be called from any thread. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: Connection[Any] | None = None
        self._socket: socket.socket | None = None
        self._watched = False
        self._waited = 0.0
        self._looked: float | None = None

    def tie(self, connection: Connection[Any]) -> None:
        """From now on, this connection. Its socket is duplicated: a number alone could mean another file by then."""
        same = socket.socket(fileno=os.dup(connection.pgconn.socket))
        with self._lock:
            self._untie()
            self._connection, self._socket = connection, same

    def untie(self) -> None:
        """The connection is closed, or about to be."""
        with self._lock:
            self._untie()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Around what waits for answers on the connection."""
        with self._lock:
            self._watched, self._waited, self._looked = True, 0.0, None
        try:
            yield
        finally:
            with self._lock:
                self._watched = False

    def look(self, now: float, patience: float) -> bool:
        """Cuts the connection if one wait has lasted for ``patience`` seconds of looking; whether it was cut."""
        with self._lock:
            if not self._watched or self._socket is None:
                return False
            self._waited += min(now - self._looked, _MOST_STEP) if self._looked is not None else 0.0
            self._looked = now
            if self._waited < patience:
                return False
            self._waited = 0.0
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            return True

    def cancel(self, seconds: float) -> None:
        """Asks the server to break off the statement that is awaited, if one is; waits for so long at most."""
        with self._lock:
            connection = self._connection if self._watched else None
        if connection is not None:
            with suppress(Exception):  # the connection may have broken meanwhile, or the server be gone
                connection.cancel_safe(timeout=seconds)

    def _untie(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._connection = self._socket = None
        self._watched = False
