"""Writes each record with one system call, so that the lines of several processes on one stream never mix.

It keeps a descriptor of its own: a handler may close stderr, and what is opened next gets its number.

Nobody may read on: a terminal was stopped (Ctrl-S), a pipe is full. What was not taken waits here then, up to a bound,
and goes out with the next record or ``flush``; what is dropped is counted, and told.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections import deque
from typing import TextIO

from pooljobs.logs.descriptor import own_descriptor, piece, push, ready

_WIPE = "\x1b[K"
_PATIENCE = 5.0
"""Seconds that a process waits for a reader, once; afterwards its lines wait by themselves until one comes."""

MOST_WAITING = 1000
"""Lines that wait for a reader; then the oldest are dropped."""


class LineHandler(logging.Handler):
    """Sends formatted records to a stream's file, or to the stream itself where there is no file behind it.

    No error gets out, deliberately: neither a full disk or a closed pipe behind the log, nor an object that cannot be
    printed, may stop a job or its worker.
    A record longer than the pipe's atomic size (4 KiB on Linux) may still mix with another's.
    """

    def __init__(self, stream: TextIO, *, terminal: bool = False) -> None:
        """``terminal``: a line of status may lie under the cursor. Each record first wipes away what is right of it."""
        super().__init__()
        self._stream = stream
        self._fd = own_descriptor(stream)
        self._piece = piece(self._fd) if self._fd is not None else 0
        self._wipe = _WIPE if terminal else ""
        self._waiting: deque[bytes] = deque()
        self._dropped = 0
        self._stalled = False
        self._pid = os.getpid()
        self._hurried = 0

    @property
    def terminal(self) -> int | None:
        """The descriptor, if a terminal is behind it that knows escape codes."""
        return self._fd if self._wipe else None

    @property
    def fd(self) -> int | None:
        """Its descriptor; None where there is no file behind the stream."""
        return self._fd

    def reopen(self) -> None:
        """Undo a ``close``."""
        if self._fd is None:
            self._fd = own_descriptor(self._stream)

    @property
    def backlog(self) -> int:
        """Lines that wait for a reader."""
        return len(self._waiting)

    def never_wait(self) -> None:
        """From now on, in this process and not in its children, no record waits for a reader; call ``flush`` often."""
        self._hurried = os.getpid()

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        with contextlib.suppress(Exception):  # see the class: the log never stops a job
            line = self._line(record)
            if self._fd is None:
                self._stream.write(line)
                return
            if self._pid != os.getpid():  # a child's: what waits is its parent's to write
                self._pid, self._stalled, self._dropped = os.getpid(), False, 0
                self._waiting.clear()
            self._waiting.append(line.encode("utf-8", "backslashreplace"))
            self._pump(self._fd, 0.0 if self._stalled or self._hurried == self._pid else _PATIENCE)

    def flush(self) -> None:
        """Write what has waited, as far as it is taken now."""
        with contextlib.suppress(Exception):
            self.acquire()
            try:
                if self._waiting and self._fd is not None and self._pid == os.getpid():
                    self._pump(self._fd, 0.0)
            finally:
                self.release()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging's name
        """Nothing: there is no better place than the log to complain about the log."""

    def close(self) -> None:
        """Close the handler's own descriptor; the stream stays open."""
        self.flush()
        fd, self._fd = self._fd, None
        if fd is not None:
            with contextlib.suppress(OSError):
                os.close(fd)
        super().close()

    def _line(self, record: logging.LogRecord) -> str:
        return f"{self._wipe}{self.format(record)}\n"

    def _pump(self, fd: int, patience: float) -> None:
        """Write line by line, waiting for a reader for so many seconds in all."""
        deadline = time.monotonic() + patience
        while self._waiting:
            try:
                left = push(fd, self._waiting[0], self._piece)
            except OSError:  # nobody will ever read it
                left = b""
            if not left:
                self._waiting.popleft()
                self._stalled = False
                self._tell_dropped()
                continue
            self._waiting[0] = left
            if not ready(fd, max(0.0, deadline - time.monotonic())) or time.monotonic() >= deadline:
                self._stalled = True
                self._drop()
                return

    def _drop(self) -> None:
        """The oldest go, but for the first, of which a part may be written."""
        while len(self._waiting) > MOST_WAITING:
            del self._waiting[1]
            self._dropped += 1

    def _tell_dropped(self) -> None:
        """In the place of what was dropped."""
        if self._dropped:
            text = f"{self._dropped} lines were dropped here: nobody read the log"
            self._dropped = 0
            told = {"name": "pooljobs.log", "levelno": logging.WARNING, "levelname": "WARNING", "msg": text}
            self._waiting.appendleft(self._line(logging.makeLogRecord(told)).encode())
