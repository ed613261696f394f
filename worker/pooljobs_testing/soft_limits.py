"""Time limits of handlers in the test's process: what a worker's supervisor does for them, a thread does here.

The worker's own interrupter raises ``TimeLimitExceeded`` in the handler. Its signal is taken only while a handler with
a limit runs in the main thread, and given back afterwards. What a plain handler does in another thread cannot be
interrupted, in a worker neither. Nobody is killed at the hard limit, which would be the test's own process.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from pooljobs.process.child_signals import INTERRUPT
from pooljobs.scoreboard import Slot
from pooljobs_worker.dispatch.interrupter import Interrupter

AGAIN: Final = 0.05
"""Seconds between two signals: one may come where nothing must be raised."""


@contextmanager
def interrupted(interrupter: Interrupter, slot: Slot, entry: int, soft_ns: int) -> Iterator[None]:
    """Has the job of this entry interrupted after so many nanoseconds; never for 0."""
    if not soft_ns or threading.current_thread() is not threading.main_thread():
        yield
        return
    over = threading.Event()
    bell = threading.Thread(target=_ring, args=(over, slot, entry, soft_ns / 1e9), name="pooljobs-limit", daemon=True)
    before = signal.getsignal(INTERRUPT)
    interrupter.install()
    bell.start()
    try:
        yield
    finally:
        over.set()
        bell.join()  # then no signal is under way any more
        signal.signal(INTERRUPT, signal.SIG_DFL if before is None else before)


def _ring(over: threading.Event, slot: Slot, entry: int, secs: float) -> None:
    main = threading.main_thread().ident
    assert main is not None
    pause = secs
    while not over.wait(pause) and slot.soft[entry]:
        signal.pthread_kill(main, INTERRUPT)
        pause = AGAIN
