"""Runs one function in a short-lived child, so that the supervisor itself never touches libpq or user code."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
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
        process.join()
    except BaseException:
        _kill(process)
        raise
    end = reap(process)
    return UNKNOWN_STATUS if end is None else end.status


def _kill(process: Process) -> None:
    if process.pid is not None and process.exitcode is None:
        os.kill(process.pid, signal.SIGKILL)
        process.join()
