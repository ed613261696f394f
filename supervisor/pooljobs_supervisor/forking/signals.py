"""Signals as messages: an inbox for the supervisor, and the state that a child must be in.

The supervisor's handlers do nothing. The interpreter's own C handler writes each signal's number to the inbox, which
both keeps it and wakes the loop, even in the instant before the loop falls asleep.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from signal import Handlers, Signals
from types import FrameType
from typing import Any, Self

from pooljobs.process.child_signals import INTERRUPT, STACK

STOPPING = (Signals.SIGTERM, Signals.SIGINT, Signals.SIGQUIT, Signals.SIGHUP)
"""Signals that ask a child for an end, and the supervisor too, but for what ``signal_actions.py`` makes of HUP."""

ORDERS = (Signals.SIGTTIN, Signals.SIGTTOU, Signals.SIGUSR1)
"""Signals by which the supervisor is asked for something else: one worker more, one less, the scoreboard."""

_GULP = 4096

Handler = Callable[[int, FrameType | None], Any] | int | Handlers | None


class Inbox:
    """Receives the process's signals while it is open; main thread only.

    A HUP that was ignored when the process started (``nohup``) stays ignored.
    """

    def __init__(self, *, children: bool) -> None:
        """Receive ``STOPPING``, ``ORDERS`` and, with ``children``, SIGCHLD too."""
        self._numbers = [*STOPPING, *ORDERS, *([Signals.SIGCHLD] if children else [])]
        self._before: dict[Signals, Handler] = {}
        self._wakeup_before = -1
        self.fd = self._write_fd = -1

    def __enter__(self) -> Self:
        self.fd, self._write_fd = os.pipe()
        os.set_blocking(self.fd, False)
        os.set_blocking(self._write_fd, False)
        self._wakeup_before = signal.set_wakeup_fd(self._write_fd, warn_on_full_buffer=False)
        for number in self._numbers:
            if number is Signals.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue
            self._before[number] = signal.signal(number, _leave_it_to_the_inbox)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, self._numbers)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        signal.set_wakeup_fd(self._wakeup_before)
        self.close()

    def take(self) -> list[Signals]:
        """Signals received since the last call, in order."""
        try:
            numbers = os.read(self.fd, _GULP)
        except BlockingIOError:
            return []
        return [Signals(number) for number in numbers if number in self._before]

    def close(self) -> None:
        """Close the pipe and nothing else: all that a forked child may do with its parent's inbox."""
        os.close(self.fd)
        os.close(self._write_fd)


def _leave_it_to_the_inbox(_number: int, _frame: FrameType | None) -> None:
    """Exist: a signal needs a Python handler to reach the wakeup fd."""


def handle_in_child(stop: Handler) -> None:
    """Give a forked child handlers of its own; call it while all signals are still blocked.

    ``stop`` handles every signal of ``STOPPING``. The parent's wakeup fd is let go first: it leads to the parent.
    """
    signal.set_wakeup_fd(-1)
    for number in STOPPING:
        signal.signal(number, stop)
    # Whoever signals a whole service means the supervisor; by default these kill or stop.
    for number in (*ORDERS, INTERRUPT, STACK):
        signal.signal(number, _leave_it_to_the_inbox)
    signal.signal(Signals.SIGCHLD, signal.SIG_DFL)


@contextmanager
def all_blocked() -> Iterator[None]:
    """Block every signal, and restore the mask at the end: what arrives meanwhile waits."""
    before = signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def unblock_all() -> None:
    """Take every signal, whatever mask was inherited."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
