"""Writes each record with one system call, so that the lines of several processes on one stream never mix.

It keeps a descriptor of its own: a handler may close stderr, and what is opened next gets its number.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import select
from typing import TextIO

_FIRST_FD = 3
_WIPE = "\x1b[K"
_PATIENCE = 1.0
"""Seconds to wait for room on a stream that somebody made non-blocking; the line is dropped then."""


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
        self._fd = _own_descriptor(stream)
        self._wipe = _WIPE if terminal else ""

    @property
    def terminal(self) -> int | None:
        """The descriptor, if a terminal is behind it that knows escape codes."""
        return self._fd if self._wipe else None

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        with contextlib.suppress(Exception):  # see the class: the log never stops a job
            line = f"{self._wipe}{self.format(record)}\n"
            if self._fd is None:
                self._stream.write(line)
            else:
                _write(self._fd, line.encode("utf-8", "backslashreplace"))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging's name
        """Nothing: there is no better place than the log to complain about the log."""

    def close(self) -> None:
        """Close the handler's own descriptor; the stream stays open."""
        fd, self._fd = self._fd, None
        if fd is not None:
            with contextlib.suppress(OSError):
                os.close(fd)
        super().close()


def _own_descriptor(stream: TextIO) -> int | None:
    try:
        return fcntl.fcntl(stream.fileno(), fcntl.F_DUPFD_CLOEXEC, _FIRST_FD)
    except (OSError, ValueError, AttributeError):
        return None


def _write(fd: int, data: bytes) -> None:
    """All of ``data``: in one call, but where the system takes only a part."""
    while data:
        try:
            data = data[os.write(fd, data) :]
        except BlockingIOError:
            if not select.select([], [fd], [], _PATIENCE)[1]:
                return
