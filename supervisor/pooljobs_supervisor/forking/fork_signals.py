"""Gives processes that a handler forks the signals back. Used by ``spawn.py`` in each child.

They would inherit the child's handlers, and with them its slot: a SIGTERM that is meant for them would ask the worker
to drain, and end nobody. That is what ``multiprocessing`` ends its pools with, and then waits. Resetting in the handler
would not do: the interpreter drops a signal that comes between the fork and its own first step in the new process. So
signals are blocked over the fork.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterable
from signal import Signals

from pooljobs_supervisor.forking.signals import Handler


def give_back_in_forks(stop: Handler, numbers: Iterable[Signals]) -> None:
    """From now on, in what this process forks, these signals do what they do in any program, if ``stop`` had them.

    A handler that somebody else has set meanwhile is inherited as usual. It cannot be undone: for children only.
    """
    watched = tuple(numbers)
    before: threading.local = threading.local()

    def block() -> None:
        before.mask = signal.pthread_sigmask(signal.SIG_BLOCK, watched)

    def restore() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, before.mask)

    def reset() -> None:
        for number in watched:
            if signal.getsignal(number) is stop:
                usual = signal.default_int_handler if number is Signals.SIGINT else signal.SIG_DFL
                signal.signal(number, usual)
        restore()

    os.register_at_fork(before=block, after_in_parent=restore, after_in_child=reset)
