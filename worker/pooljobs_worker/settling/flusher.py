"""Settles by age: a thread that keeps a finished job's result from waiting behind a slow one of the same batch.

Nothing ends this thread but ``stop``: without it the results of quick jobs would wait for the slowest, and nobody
would renew the lease where the steward is missing. What fails is tried again, later and later. An error that lasts is
met by the main thread at its next flush, and ends the worker there.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from pooljobs_worker.session.connection import GaveUpError
from pooljobs_worker.session.lease import Lease
from pooljobs_worker.settling.settler import Settler

MOST_AGE = 0.025
"""Seconds a settlement may wait while other handlers run."""

LONGEST_PAUSE = 2.0
"""Seconds: the most between two tries, after several that failed."""


class Flusher:
    """Sleeps while no batch is under way; in one, looks every ``MOST_AGE`` seconds, at the lease too."""

    def __init__(self, settler: Settler, lease: Lease, log: logging.Logger) -> None:
        self._settler = settler
        self._lease = lease
        self._log = log
        self._looks: list[Callable[[], None]] = []
        self._failures = 0
        self._working = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pooljobs-flusher", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def also(self, look: Callable[[], None]) -> None:
        """Has something else looked at as often. Called before ``start`` or while no batch is under way."""
        self._looks.append(look)

    def busy(self, *, working: bool) -> None:
        """Says whether handlers are running."""
        if working:
            self._working.set()
        else:
            self._working.clear()

    def stop(self) -> None:
        """Ends the thread, after the settlement it may be in."""
        self._stopping.set()
        self._working.set()
        self._thread.join(timeout=5.0)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._working.wait()
            if self._stopping.wait(min(MOST_AGE * 2.0 ** min(self._failures, 10), LONGEST_PAUSE)):
                return
            try:
                self._look()
            except GaveUpError:  # the worker is to leave, and the database is away: it may come back before the end
                self._failures += 1
            except Exception as error:  # noqa: BLE001  # whatever it was, it must not end this thread
                self._failed(error)
            else:
                self._failures = 0

    def _look(self) -> None:
        """The lease first: what hinders a settlement must not cost the lease as well."""
        if self._lease.low(time.monotonic_ns()):
            self._lease.renew()
        if self._settler.age(time.monotonic()) >= MOST_AGE:
            self._settler.flush()
        for look in self._looks:
            look()

    def _failed(self, error: Exception) -> None:
        """The settlements are back in the buffer. A whole series of failures is told once."""
        self._failures += 1
        if self._failures == 1:
            self._log.error("settling failed; trying again", exc_info=error)
