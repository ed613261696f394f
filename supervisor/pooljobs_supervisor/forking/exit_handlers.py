"""Runs what a worker's application registered with ``atexit``, with a time limit. Called by ``spawn.py`` before a child
leaves: only for workers, since the others run no user code.

A child ends by ``os._exit``, which runs none of it; an ordinary exit would run it without a bound, and join threads
and processes besides. What was registered before the fork is the supervisor's and is forgotten in the child. The
exit handlers of the process pools of ``multiprocessing`` and ``multiprocess`` end daemonic children and wait for the
others: they are run too, and are cut short by the limit like anything else. Threads are not waited for.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from contextlib import suppress
from logging import Logger

from pooljobs_supervisor.forking.process_exit import leave

LIMIT = 2.0
"""Seconds for all of it."""

_POOLS = ("multiprocess.util", "multiprocessing.util")


def forget_parents_handlers() -> None:
    """In a fresh child: what was registered so far is none of its business, but for what ends a child's children."""
    atexit._clear()  # noqa: SLF001  # as multiprocessing does; there is no other way
    for name in _POOLS:
        if name in sys.modules:
            atexit.register(sys.modules[name]._exit_function)  # noqa: SLF001


def run_exit_handlers(code: int, log: Logger, limit: float = LIMIT) -> None:
    """Run the handlers in this thread, which must be the main one; what they raise is printed, and ends nothing.

    If they take longer than ``limit`` seconds the process leaves with ``code`` in the midst of them.
    """
    pid, done = os.getpid(), threading.Event()
    watch = threading.Thread(target=_leave_if_late, args=(done, code, log, limit), name="farewell", daemon=True)
    try:
        watch.start()
    except RuntimeError:  # no thread to be had: without a bound they are not run
        return
    with suppress(BaseException):
        atexit._run_exitfuncs()  # noqa: SLF001
    if os.getpid() != pid:
        os._exit(0)  # one of them forked, and its child came back: it is none of ours
    done.set()


def _leave_if_late(done: threading.Event, code: int, log: Logger, limit: float) -> None:
    if not done.wait(limit):
        told = "atexit handlers of the application are not done after %g s: leaving without them"
        leave(code, lambda: log.warning(told, limit))
