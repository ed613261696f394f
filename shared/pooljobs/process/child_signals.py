"""Signals that the supervisor sends to a worker, mostly for one of its jobs. What it is about stands on the scoreboard.

Chosen among those that handlers and libraries hardly use. A child that has nothing to do with them takes no notice.
"""

from __future__ import annotations

import faulthandler
import sys
from functools import partial
from signal import Signals
from threading import Thread
from typing import Final

INTERRUPT: Final = Signals.SIGUSR2
"""Look whether a handler that runs is to be interrupted."""

if sys.platform == "darwin":
    STACK: Final = Signals.SIGINFO
else:
    STACK: Final = Signals.SIGRTMAX
"""Write down where all threads are; handled without the interpreter, and so while C code holds its lock."""


def write_stacks(fd: int) -> None:
    """From now on ``STACK`` has this process write there where all its threads are; -1 stands for no file.

    faulthandler's handler is C and takes no lock: it works while C code holds the interpreter's, and in whichever
    thread has not masked the signal. Python itself, which it goes past, knows nothing of it.

    The first call gives its thread an alternate stack, on which all signal handlers of Python run from then on. It has
    room for two or three of them, and as many as have been sent are entered at once: four signals in one moment would
    end the process by SIGSEGV. So that stack is given to a thread that is gone a moment later.
    """
    if fd < 0:
        return
    register = partial(faulthandler.register, STACK, file=fd, all_threads=True)
    thread = Thread(target=register, name="stack dump")
    try:
        thread.start()
    except RuntimeError:  # no thread is to be had
        register()
        return
    thread.join()
