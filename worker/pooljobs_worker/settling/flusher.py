"""A thread that settles behind the handlers: a batch while the next one is claimed and run, and a quick job's result
while a slow one of the same batch still runs.

Nothing ends this thread but ``stop``: without it results would wait, and nobody would renew the lease where the steward
is missing. What fails is tried again, later and later. An error that lasts is met by the main thread when it hands over
the next batch, and ends the worker there.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue

from pooljobs_worker.runtime.exhaustion import Exhaustion
from pooljobs_worker.session.lease import Lease
from pooljobs_worker.session.worker_session import GaveUpError
from pooljobs_worker.settling.settler import Settler

MOST_AGE = 0.025
"""Seconds a settlement may wait while other handlers run."""

LONGEST_PAUSE = 2.0
"""Seconds: the most between two tries, after several that failed."""


class Flusher:
    """Sleeps while nothing is under way; in a batch, looks every ``MOST_AGE`` seconds, at the lease too."""

    def __init__(
        self, settler: Settler, lease: Lease, *, exhaustion: Exhaustion, log: logging.Logger, behind: bool
    ) -> None:
        """``behind``: the settler has a session of its own, so that a batch can be settled behind its successor."""
        self._settler = settler
        self._lease = lease
        self._exhaustion = exhaustion
        self._log = log
        self._behind = behind
        self._looks: list[Callable[[], None]] = []
        self._failures = 0
        self._working = self._handed = self._sleeps = self._stopping = False
        self._bell: SimpleQueue[None] = SimpleQueue()  # in C: to ring an Event takes ten times as long
        self._caught_up = threading.Event()
        self._caught_up.set()
        self._thread = threading.Thread(target=self._run, name="pooljobs-flusher", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def also(self, look: Callable[[], None]) -> None:
        """Has something else looked at as often, from its next look on. Any thread: an append is atomic."""
        self._looks.append(look)

    def busy(self, *, working: bool) -> None:
        """Says whether handlers are running."""
        self._working = working
        if working and self._sleeps:
            self._bell.put(None)

    def hand_over(self) -> None:
        """Has all that ended settled, now; returns at once, or when the batch before is settled. Main thread only.

        Raises:
            GaveUpError: The database is away, and waiting for it in vain; the settlements are still with the settler.
        """
        self.catch_up()
        if self._behind:
            self._caught_up.clear()
            self._handed = True
            self._bell.put(None)
        else:
            self._flush_here()

    def soon(self) -> None:
        """Has all that ended settled now, and does not wait for it. Any thread."""
        self._handed = True
        self._bell.put(None)

    def catch_up(self) -> None:
        """Returns when all that was handed over is settled; what failed is tried here. Raises as ``hand_over`` does."""
        self._caught_up.wait()
        if self._failures:
            self._flush_here()

    def stop(self) -> None:
        """Ends the thread, after the settlement it may be in."""
        self._stopping = True
        self._bell.put(None)
        self._thread.join(timeout=5.0)

    def _flush_here(self) -> None:
        """In the main thread. What was set aside in it is tried again by the other one."""
        self._settler.flush()
        if self._settler.set_aside:
            self._bell.put(None)

    def _run(self) -> None:
        while not self._stopping:
            handed = self._wait()
            try:
                if not self._stopping:
                    self._look(all_of_it=handed)
            except GaveUpError:  # the worker is to leave, and the database is away: it may come back before the end
                self._failures += 1
            except Exception as error:  # noqa: BLE001  # whatever it was, it must not end this thread
                self._failed(error)
            else:
                self._failures = 0
            if handed:
                self._caught_up.set()

    def _wait(self) -> bool:
        """Sleeps until it is time to look; whether a batch was handed over."""
        self._sleeps = True  # first: who sets `_working` from here on rings
        seconds = self._settler.set_aside.seconds(time.monotonic())
        if self._working:
            self._sleeps = False
            seconds = min(MOST_AGE * 2.0 ** min(self._failures, 10), LONGEST_PAUSE)
        with suppress(Empty):
            self._bell.get(timeout=seconds)
            while True:
                self._bell.get_nowait()
        self._sleeps = False
        handed, self._handed = self._handed, False
        return handed

    def _look(self, *, all_of_it: bool) -> None:
        """The lease first: what hinders a settlement must not cost the lease as well."""
        if self._lease.low(time.monotonic_ns()):
            self._lease.renew()
        now = time.monotonic()
        if all_of_it or self._settler.age(now) >= MOST_AGE or self._settler.set_aside.seconds(now) == 0.0:
            self._settler.flush()
        for look in self._looks:
            look()

    def _failed(self, error: Exception) -> None:
        """The settlements are back in the buffer. A whole series of failures is told once."""
        self._failures += 1
        if self._exhaustion.caused(error, str(error)):  # the main thread is told to leave, and meets it as well
            return
        if self._failures == 1:
            self._log.error("settling failed; trying again", exc_info=error)
