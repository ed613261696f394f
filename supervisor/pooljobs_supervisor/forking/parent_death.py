"""Asks the kernel to signal a child when its parent dies. Linux only; elsewhere the lifeline has to do alone."""

from __future__ import annotations

import ctypes
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def parent_death_signal() -> Callable[[int], None]:
    """Look the system call up, before any fork; the function returned takes a signal's number and is for the child.

    The caller must check afterwards that the parent is still there: one that died before is not reported.
    """
    if sys.platform != "linux":
        return lambda _number: None
    prctl = ctypes.CDLL(None).prctl

    def arm(number: int) -> None:
        prctl(_PR_SET_PDEATHSIG, int(signal.Signals(number)), 0, 0, 0)

    return arm
