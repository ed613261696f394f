"""Has the process write down where it is when the supervisor asks, just before it is killed at a hard limit, whatever
handlers did to that signal.
"""

from __future__ import annotations

import faulthandler
import signal

from pooljobs.process.child_signals import STACK, write_stacks


class StackDumper:
    """Registers the handler when it is made. A descriptor of -1 stands for no file: then nothing is done."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._untouched = signal.getsignal(STACK)  # what Python knows of it, which faulthandler goes past
        self._register()

    def restore(self) -> None:
        """Registers it again if a handler of a job set another one; main thread only."""
        if signal.getsignal(STACK) is not self._untouched:
            faulthandler.unregister(STACK)
            signal.signal(STACK, self._untouched)
            self._register()

    def _register(self) -> None:
        write_stacks(self._fd)
