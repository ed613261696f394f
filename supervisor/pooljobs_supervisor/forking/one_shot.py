"""Runs one function in a short-lived child, so that the supervisor itself never touches libpq or user code."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from logging import Logger, getLogger
from time import monotonic
from types import FrameType

from pooljobs.process.child_signals import write_stacks
from pooljobs_supervisor.fleet.children import SLOW_BOOT
from pooljobs_supervisor.forking.exit_watch import UNKNOWN_STATUS, Process, reap
from pooljobs_supervisor.forking.parent_death import parent_death_signal
from pooljobs_supervisor.forking.signals import handle_in_child
from pooljobs_supervisor.forking.spawn import fork
from pooljobs_supervisor.forking.stack_files import StackFiles, whereabouts


class LateError(Exception):
    """The child was not done in time, and was killed; the text says where it was."""


def run_once(target: Callable[[], int], *, log: Logger | None = None, limit: float | None = None) -> int:
    """Fork a child that calls ``target``, wait for it, and return its exit code, or minus the signal that killed it.

    The child stays in the caller's session with every stopping signal at its default, so that Ctrl-C ends both; it
    also ends when the caller dies. It may take ``limit`` seconds (then this is the main thread, and SIGALRM is used);
    without, ``target`` must have a limit of its own.

    Raises:
        OSError: The system refuses another process.
        LateError: ``limit`` has passed.
    """
    log = log or getLogger("pooljobs.supervisor")
    tell_of_parent = parent_death_signal()
    parent, stack_files = os.getpid(), StackFiles()
    stack_fd = stack_files.make() if limit is not None else -1

    def settle_in() -> None:
        handle_in_child(signal.SIG_DFL)
        write_stacks(stack_fd)
        tell_of_parent(signal.SIGTERM)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)

    process = fork("preflight", settle_in, target, log)
    stack_files.keep(process.pid or 0, stack_fd)
    try:
        with _bounded(process.pid or 0, stack_files, limit, log) if limit is not None else nullcontext():
            _wait(process)
    except BaseException:
        _kill(process)
        raise
    finally:
        stack_files.close()
    end = reap(process)
    return UNKNOWN_STATUS if end is None else end.status


@contextmanager
def _bounded(pid: int, stack_files: StackFiles, limit: float, log: Logger) -> Iterator[None]:
    """Raises LateError in the block once ``limit`` has passed; what takes long is told before."""
    began = monotonic()

    def look(_number: int, _frame: FrameType | None) -> None:
        where, took = whereabouts(stack_files.asked(pid)), monotonic() - began
        if took >= limit:
            raise LateError(where)
        log.warning("the application is still being imported after %.0f s; %s", took, where)
        signal.setitimer(signal.ITIMER_REAL, max(0.001, limit - took))

    before = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, min(SLOW_BOOT, limit))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before if before is not None else signal.SIG_DFL)


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
