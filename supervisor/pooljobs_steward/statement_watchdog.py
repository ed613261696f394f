"""Cuts the connection of a service's thread when a statement is not answered for too long.

The supervisor's watchdog sees the steward's main thread alone. So that one looks after the services: it has theirs
checked now and then, and whoever waits on a connection that was cut goes on with an ordinary error.
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
"""Seconds that count between two checks at most: while the whole process stood still, nobody hung."""


class StatementWatchdog:
    """One wait at a time. ``check`` and ``cancel`` may be called from any thread. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: Connection[Any] | None = None
        self._socket: socket.socket | None = None
        self._waited = 0.0
        self._checked: float | None = None

    @contextmanager
    def waiting(self, connection: Connection[Any]) -> Iterator[None]:
        """Around what waits for answers on the connection. Its socket is duplicated: a number alone could mean another
        file by the time that it is cut.
        """
        with socket.socket(fileno=os.dup(connection.pgconn.socket)) as same:
            with self._lock:
                self._connection, self._socket = connection, same
                self._waited, self._checked = 0.0, None
            try:
                yield
            finally:
                with self._lock:
                    self._connection = self._socket = None

    def check(self, now: float, timeout: float) -> bool:
        """Cuts the connection if one wait has lasted for ``timeout`` seconds of checks; whether it was cut."""
        with self._lock:
            if self._socket is None:
                return False
            self._waited += min(now - self._checked, _MOST_STEP) if self._checked is not None else 0.0
            self._checked = now
            if self._waited < timeout:
                return False
            self._waited = 0.0
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            return True

    def cancel(self, seconds: float) -> None:
        """Asks the server to break off the statement that is awaited, if one is; waits for so long at most."""
        with self._lock:
            connection = self._connection
        if connection is not None:
            with suppress(Exception):  # the connection may have broken meanwhile, or the server be gone
                connection.cancel_safe(timeout=seconds)
