"""Signals at once must not end a child that writes its stack when it is asked."""

from __future__ import annotations

import subprocess
import sys

import pytest

MANY_AT_ONCE = """
import os, signal, sys, tempfile
from pooljobs.process.child_signals import STACK, write_stacks
numbers = [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM]
taken = []
for number in numbers:
    signal.signal(number, lambda number, _frame: taken.append(number))
with tempfile.TemporaryFile() as file:
    write_stacks(file.fileno())
    for _ in range(20):
        signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
        for number in numbers:
            os.kill(os.getpid(), number)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)
    os.kill(os.getpid(), STACK)
    file.seek(0)
    assert b"most recent call first" in file.read()
print(len(taken))
"""


@pytest.mark.hazard(
    "Four signals in one moment end a worker or a zygote by SIGSEGV: Python enters a handler for each, on the "
    "small stack that faulthandler has given the thread",
    closed="that stack is given to a thread that is gone a moment later (`shared/pooljobs/process/child_signals.py`)",
    area="processes",
)
def test_as_many_signals_as_there_are_may_come_at_once() -> None:
    ended = subprocess.run([sys.executable, "-c", MANY_AT_ONCE], capture_output=True, check=False, timeout=60)
    assert (ended.returncode, ended.stdout.strip(), ended.stderr) == (0, b"140", b"")
