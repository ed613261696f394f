"""A thread of the steward's: does one thing for as long as the steward is there, and is begun anew when it breaks.

The steward's main thread releases what the dead held and renews leases, and must never wait for what may take long or
for what is in no hurry. That is left to services, each with a connection of its own: ``wakeups/waker.py`` and
``maintenance/vacuum.py``. The main thread keeps an eye on them by ``check``.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from pooljobs_steward.statement_watchdog import StatementWatchdog

SHORTEST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds from an unexpected error to the next beginning: doubled while errors follow each other."""

FAREWELL = 5.0
"""Seconds that the thread has to end in."""


class Service(Protocol):
    """What such a thread does. Made anew for each beginning, so that nothing of a broken one lives on."""

    def run(self) -> None:
        """Works until ``stopping`` is set. The database's absence is no error to it."""

    def close(self) -> None:
        """Lets go of the connection, whatever state it is in."""


class Begin(Protocol):
    """Makes a service."""

    def __call__(self, *, stopping: threading.Event, watchdog: StatementWatchdog) -> Service:
        """``stopping`` asks it to stop; ``watchdog`` is for its statements."""


class ServiceThread:
    """Runs from entering to leaving.

    Args:
        name: In the log and of the thread.
        begin: Makes the service.
        without: What it means that it is broken: logged with the error, once until it has worked well for a while.
        timeout: Seconds that one of its statements may take.
        wake: Makes a service that waits look up.
        breaks_off: At the end the server is asked to break off what is under way.
    """

    def __init__(
        self,
        name: str,
        begin: Begin,
        *,
        without: str,
        timeout: float,
        log: logging.Logger,
        wake: Callable[[], None] = lambda: None,
        breaks_off: bool = False,
    ) -> None:
        self._name = name
        self._begin = begin
        self._without = without
        self._timeout = timeout
        self._log = log
        self._wake = wake
        self._breaks_off = breaks_off
        self._watchdog = StatementWatchdog()
        self._stopping = threading.Event()
        self._failures = 0
        self._thread = threading.Thread(target=self._run, name=f"pooljobs-{name}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, _t: type[BaseException] | None, _e: BaseException | None, _tb: TracebackType | None) -> None:
        self._stopping.set()
        self._wake()
        if self._breaks_off:
            self._watchdog.cancel(FAREWELL / 2)
        self._thread.join(timeout=FAREWELL)

    def check(self, now: float) -> None:
        """Cuts the service's connection if a statement on it hangs, which is logged. Called by the main thread."""
        if self._watchdog.check(now, self._timeout):
            self._log.warning(
                "the steward's %s had no answer for %g s: cutting its connection; %s",
                self._name,
                self._timeout,
                self._without,
            )

    def _run(self) -> None:
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                self._work()
            except Exception as error:  # noqa: BLE001  # whatever it was, it must neither go unheard nor end the thread
                self._broken(error, time.monotonic() - began)

    def _work(self) -> None:
        service = self._begin(stopping=self._stopping, watchdog=self._watchdog)
        try:
            service.run()
        finally:
            service.close()

    def _broken(self, error: Exception, lasted: float) -> None:
        self._failures = self._failures + 1 if lasted < LONGEST_PAUSE else 1
        pause = min(SHORTEST_PAUSE * 2.0 ** min(self._failures - 1, 10), LONGEST_PAUSE)
        if self._failures == 1:
            self._log.error("the steward's %s broke and begins anew; %s", self._name, self._without, exc_info=error)
        self._stopping.wait(pause)
