"""A descriptor of a stream's file on which writing need not wait. Used by ``line_handler.py``.

Whether a write waits belongs to the open file, which other processes share, a shell most of all: it must not be changed
there. A terminal can be opened once more, for ourselves. A pipe takes a few KiB at once when it says that it is ready.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import stat
from typing import TextIO

_FIRST_FD = 3
_WHOLE = 1 << 30


def own_descriptor(stream: TextIO) -> int | None:
    """A new descriptor of the stream's file; None where there is no file behind it."""
    try:
        fd = fcntl.fcntl(stream.fileno(), fcntl.F_DUPFD_CLOEXEC, _FIRST_FD)
    except (OSError, ValueError, AttributeError):
        return None
    with contextlib.suppress(OSError):
        if os.isatty(fd):
            return _opened_anew(fd)
    return fd


def piece(fd: int) -> int:
    """How many bytes to write at a time: all of them only where a write never waits for a reader."""
    try:
        return _WHOLE if stat.S_ISREG(os.fstat(fd).st_mode) else select.PIPE_BUF
    except OSError:
        return select.PIPE_BUF


def push(fd: int, data: bytes, most: int) -> bytes:
    """Writes what the file takes now, ``most`` bytes at a time; what is left.

    Raises:
        OSError: It takes nothing any more.
    """
    while data and ready(fd, 0.0):
        try:
            data = data[os.write(fd, data[:most]) :]
        except BlockingIOError:
            break
    return data


def ready(fd: int, seconds: float) -> bool:
    """Whether something can be written within so many seconds."""
    sources = select.poll()
    sources.register(fd, select.POLLOUT)
    return bool(sources.poll(seconds * 1000))


def _opened_anew(fd: int) -> int:
    """The same terminal, on which a write never waits; ``fd`` itself if it cannot be opened (another user's)."""
    flags = os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC
    opened = os.open(os.ttyname(fd), flags)
    try:
        if os.fstat(opened).st_rdev != os.fstat(fd).st_rdev:
            return fd
        own = fcntl.fcntl(opened, fcntl.F_DUPFD_CLOEXEC, _FIRST_FD)
    finally:
        os.close(opened)
    os.close(fd)
    return own
