"""Signals that the supervisor sends to a worker for one of its jobs. What it is about stands on the scoreboard.

Chosen among those that handlers and libraries hardly use. A child that has nothing to do with them takes no notice.
"""

from __future__ import annotations

import sys
from signal import Signals
from typing import Final

INTERRUPT: Final = Signals.SIGUSR2
"""Look whether a handler that runs is to be interrupted."""

if sys.platform == "darwin":
    STACK: Final = Signals.SIGINFO
else:
    STACK: Final = Signals.SIGRTMAX
"""Write down where all threads are; handled without the interpreter, and so while C code holds its lock."""
