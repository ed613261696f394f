"""Runs one function in a short-lived child, so that the supervisor itself never touches libpq or user code."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from logging import Logger, getLogger

from pooljobs_supervisor.forking.deaths import UNKNOWN_STATUS, Process, reap
from pooljobs_supervisor.forking.parent_death import parent_death_signal
from pooljobs_supervisor.forking.signals import handle_in_child
from pooljobs_supervisor.forking.spawn import fork


def run_once(target: Callable[[], int], *, log: Logger | None = None) -> int:
    """Fork a child that calls ``target``, wait for it, and return its exit code, or minus the signal that killed it.

    The child stays in the caller's session with every stopping signal at its default, so that Ctrl-C ends both; it
    also ends when the caller dies. There is no time limit: ``target`` must have its own.

    Raises:
        OSError: The system refuses another process.
    """
    tell_of_parent = parent_death_signal()
    parent = os.getpid()

    def settle_in() -> None:
        handle_in_child(signal.SIG_DFL)
        tell_of_parent(signal.SIGTERM)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)

    process = fork("preflight", settle_in, target, log or getLogger("pooljobs.supervisor"))
    try:
        _wait(process)
    except BaseException:
        _kill(process)
        raise
    end = reap(process)
    return UNKNOWN_STATUS if end is None else end.status


def _wait(process: Process) -> None:
    """Wait for the end, and leave the child unreaped where that can be: until then its pid is nobody else's.

    What a signal's handler raises comes out after the wait as well, when the child has just ended.
    """
    assert process.pid is not None, "it was started"
    if hasattr(os, "waitid"):  # not on macOS before Python 3.13
        with suppress(ChildProcessError):  # who ignores SIGCHLD has nobody to reap
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    else:
        process.join()


def _kill(process: Process) -> None:
    assert process.pid is not None
    with suppress(ProcessLookupError):  # reaped already
        os.kill(process.pid, signal.SIGKILL)
    process.join()
