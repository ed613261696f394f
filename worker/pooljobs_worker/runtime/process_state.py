"""What a handler may leave changed in its worker's process, put back between jobs. Used by the executors.

Put back is what costs little and would spoil the jobs that follow: see "What a handler can do to its worker" in
docs/handlers.md. A worker whose own descriptors were closed cannot be mended: their numbers may be other files by
now. It leaves at once, without unwinding, and the steward settles what it held from the scoreboard.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
from collections.abc import Iterable
from signal import Signals
from typing import NoReturn

from pooljobs.exit_codes import ExitCode
from pooljobs.logs.application_logging import come_back
from pooljobs.logs.line_handler import LineHandler
from pooljobs.process import standard_numbers
from pooljobs.process.child_signals import INTERRUPT
from pooljobs.process.standard_output import opened
from pooljobs_worker.runtime.stack_dump import StackDumper

PAUSE_NS = 2_000_000
"""Nanoseconds between two looks within a batch. One costs some 15 µs, which must not count beside short jobs."""

_SIGNALS = (
    *(Signals.SIGTERM, Signals.SIGINT, Signals.SIGQUIT, Signals.SIGHUP, Signals.SIGCHLD, Signals.SIGALRM),
    INTERRUPT,
)
_TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)


class ProcessState:
    """Remembers how the process is when it is made: by the main thread, before the first job."""

    def __init__(self, descriptors: Iterable[int], stack_dumper: StackDumper, log: logging.Logger) -> None:
        self._log = log
        self._stack_dumper = stack_dumper
        self._home = _working_directory()
        self._own = {fd: _identity(fd) for fd in (*descriptors, *self._home)}
        os.umask(umask := os.umask(0o077))
        self._umask = umask
        self._blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        self._handlers = {number: signal.getsignal(number) for number in _SIGNALS}
        self._timers = [timer for timer in _TIMERS if signal.getitimer(timer)[0] == 0]
        self._collecting = gc.isenabled()
        self._streams = {"stdout": sys.stdout, "stderr": sys.stderr}
        self._log_handlers = list(logging.root.handlers)
        self._log_disabled = logging.root.manager.disable

    def restore(self) -> None:
        """Makes everything as it was; main thread only, and while no handler runs."""
        self.check_descriptors()
        self._put_signals_back()
        self._put_streams_back()
        self._put_logging_back()
        for fd in self._home:
            os.fchdir(fd)
        os.umask(self._umask)
        if gc.isenabled() is not self._collecting:
            gc.enable() if self._collecting else gc.disable()

    def check_descriptors(self) -> None:
        """Ends the process if the worker's own descriptors are not what they were. Any thread."""
        try:
            sound = all(_identity(fd) == identity for fd, identity in self._own.items())
        except OSError:
            sound = False
        if not sound:
            self._leave()

    def close(self) -> None:
        """Lets go of the working directory."""
        for fd in self._home:
            os.close(fd)

    def _put_signals_back(self) -> None:
        for timer in self._timers:
            signal.setitimer(timer, 0)
        for number, handler in self._handlers.items():
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)
        self._stack_dumper.restore()
        signal.pthread_sigmask(signal.SIG_SETMASK, self._blocked)

    def _put_streams_back(self) -> None:
        """First the descriptors: the next file opened would get the number, and what is printed would go into it."""
        standard_numbers.take()
        for (name, stream), fd in zip(self._streams.items(), (1, 2), strict=True):
            if stream is not None and stream.closed:
                self._streams[name] = opened(fd)
            if getattr(sys, name) is not self._streams[name]:
                setattr(sys, name, self._streams[name])

    def _put_logging_back(self) -> None:
        if logging.root.manager.disable != self._log_disabled:
            logging.disable(self._log_disabled)
        for handler in self._log_handlers:
            if handler in logging.root.handlers:
                continue
            if isinstance(handler, LineHandler):
                come_back(handler)
            else:
                logging.root.addHandler(handler)
        logging.getLogger(self._log.name).disabled = False

    def _leave(self) -> NoReturn:
        for handler in logging.root.handlers:
            handler.close()  # its descriptor is gone as well: from here on it writes to stderr
        self._log.error("a handler closed this worker's own descriptors: the worker leaves, and is replaced")
        os._exit(ExitCode.INTERNAL)


def _working_directory() -> tuple[int, ...]:
    """A descriptor of it; none where this user may not enter it: then nobody can be put back there."""
    try:
        return (os.open(".", getattr(os, "O_PATH", os.O_RDONLY)),)
    except PermissionError:
        return ()


def _identity(fd: int) -> tuple[int, int]:
    status = os.fstat(fd)
    return status.st_dev, status.st_ino
