"""Tries again what failed before anything was stored, until the caller's time is up.

An attempt that may be made again raises ``RetryableError``, with the error to show if there is no time left. Waiting
is done here, between two attempts, where it holds no connection; and no thread, where an event loop waits.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from pooljobs.errors import PoolJobsError

PAUSE: Final = 0.5
"""Seconds between two tries: so soon after a server is back is it noticed."""

T = TypeVar("T")
Attempt = Callable[[float], T]
"""Takes the monotonic time until which it may wait for a connection."""


class RetryableError(Exception):
    """Nothing was stored, and the next attempt may succeed.

    Attributes:
        error: What to raise if there is none.
        at_once: The next attempt goes another way, so it is made without a pause, and only once.
    """

    def __init__(self, error: PoolJobsError, *, at_once: bool = False) -> None:
        super().__init__(str(error))
        self.error = error
        self.at_once = at_once


class RetryDeadline:
    """Decides how long to pause before the next attempt."""

    def __init__(self, wait: float) -> None:
        """``wait``: seconds from now on."""
        self.until = time.monotonic() + wait
        self._went_at_once = False

    def pause(self, failed: RetryableError) -> float:
        """Seconds to the next attempt.

        Raises:
            PoolJobsError: There is none.
        """
        if failed.at_once:
            if self._went_at_once:
                raise failed.error
            self._went_at_once = True
            return 0.0
        if time.monotonic() + PAUSE > self.until:
            raise failed.error
        return PAUSE


def tried(attempt: Attempt[T], wait: float) -> T:
    """What the first attempt returns that succeeds. ``wait``: seconds, 0: there is one attempt."""
    deadline = RetryDeadline(wait)
    while True:
        try:
            return attempt(deadline.until)
        except RetryableError as again:
            failed = again
        time.sleep(deadline.pause(failed))


async def tried_async(attempt: Callable[[float], Awaitable[T]], wait: float) -> T:
    """The same for an attempt that is awaited."""
    deadline = RetryDeadline(wait)
    while True:
        try:
            return await attempt(deadline.until)
        except RetryableError as again:
            failed = again
        await asyncio.sleep(deadline.pause(failed))
