"""Tells systemd, or whoever else speaks its protocol, that the service is up, alive, reloading and stopping.

Used by the loop.

The protocol is a word in a datagram to the socket that ``NOTIFY_SOCKET`` names. Without that variable nothing is done.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from logging import Logger

BEATS_A_LIMIT = 3
"""How often to show life within the watchdog's limit."""


class ServiceManager:
    """What was told and what is due. No socket stays open, so that no child inherits one."""

    def __init__(self, environ: Mapping[str, str], log: Logger) -> None:
        """Take the manager's wishes from ``environ``."""
        path = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + path[1:] if path.startswith("@") else path
        self.beat = watchdog_limit(environ, os.getpid()) / BEATS_A_LIMIT if path else float("inf")
        """Seconds between two calls of ``report`` at most."""
        self._log = log
        self._told: set[str] = set()
        self._reload: float | None = None
        self._next_beat = float("-inf")
        self._refused = False

    def report(self, *, ready: bool, stopping: bool, now: float, reload: float | None = None) -> None:
        """Tell what is new, and that the loop turns.

        ``now`` is monotonic seconds, and so is ``reload``: when the reload under way was asked for.
        """
        if not self._address:
            return
        if ready:
            self._once("READY=1")
        if stopping:
            self._once("STOPPING=1")
        elif ready and reload != self._reload:
            self._tell_reload(reload, now)
        if self.beat < float("inf") and now >= self._next_beat and self._send("WATCHDOG=1"):
            self._next_beat = now + self.beat / 2

    def _tell_reload(self, reload: float | None, now: float) -> None:
        """A reload has begun, begun anew, or come to its end, whatever that was."""
        word = "READY=1" if reload is None else f"RELOADING=1\nMONOTONIC_USEC={now * 1e6:.0f}"
        if self._send(word):
            self._reload = reload

    def _once(self, word: str) -> None:
        if word not in self._told and self._send(word):
            self._told.add(word)

    def _send(self, word: str) -> bool:
        """Send without waiting; False if it was refused, to be tried again at the next report."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
                connection.settimeout(0)
                connection.sendto(word.encode(), self._address)
        except OSError as error:
            if not self._refused:
                self._log.warning("the service manager cannot be told %s: %s", word, error)
            self._refused = True
            return False
        return True


def watchdog_limit(environ: Mapping[str, str], pid: int) -> float:
    """Seconds after which silence counts as death; infinity without a watchdog, or if it watches another process.

    >>> watchdog_limit({"WATCHDOG_USEC": "30000000"}, 7), watchdog_limit({"WATCHDOG_USEC": "5", "WATCHDOG_PID": "8"}, 7)
    (30.0, inf)
    >>> watchdog_limit({}, 7), watchdog_limit({"WATCHDOG_USEC": "soon"}, 7)
    (inf, inf)
    """
    limit, watched = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", str(pid))
    watches = limit.isdecimal() and int(limit) > 0 and watched == str(pid)
    return int(limit) / 1e6 if watches else float("inf")
