"""A stdout and stderr for user code, which do not fail whoever prints when nobody reads them any more.

The log may go through a pipe whose reader has ended, to a terminal that was closed or onto a full disk. The log itself
gives up its lines then (``logs/line_handler.py``), and so does what handlers print: a job must not fail for it.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import Any, Final, TextIO

from pooljobs.process import standard_numbers

_LOST: Final = frozenset(
    {
        *(errno.EPIPE, errno.EIO, errno.ENXIO, errno.ECONNRESET, errno.ENOTCONN, errno.ESHUTDOWN),
        *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG),
        errno.EBADF,
    }
)
"""No reader, no room, and closed at the start."""


class _Forgiving(io.FileIO):
    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            if error.errno not in _LOST:
                raise
            return memoryview(data).nbytes


def forgive_lost_readers() -> None:
    """Put such streams in the place of this process's; one that was closed at the start leads to /dev/null."""
    sys.stdout = forgiving(sys.stdout, 1)
    sys.stderr = forgiving(sys.stderr, 2)


def opened(fd: int, *, line_buffering: bool = True) -> TextIO:
    """A stream for a descriptor that stays open when the stream is closed."""
    raw = _Forgiving(fd, "wb", closefd=False)
    return io.TextIOWrapper(io.BufferedWriter(raw), errors="backslashreplace", line_buffering=line_buffering)


def forgiving(stream: TextIO | None, fd: int) -> TextIO:
    """One that encodes and buffers as the given one does; what waits in that is its own to write."""
    if not isinstance(stream, io.TextIOWrapper):
        return stream if stream is not None else _nowhere()
    if isinstance(stream.buffer, _Forgiving) or isinstance(getattr(stream.buffer, "raw", None), _Forgiving):
        return stream
    try:
        raw = _Forgiving(fd, "wb", closefd=False)
    except OSError:
        return _nowhere()
    return like(stream, raw, stream.errors)


def like(stream: io.TextIOWrapper, raw: io.FileIO, errors: str | None) -> TextIO:
    """A stream that encodes and buffers as the given one does: not at all where Python was told so (``-u``)."""
    return io.TextIOWrapper(
        raw if isinstance(stream.buffer, io.RawIOBase) else io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors=errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def _nowhere() -> TextIO:
    return opened(standard_numbers.nothing(os.O_WRONLY))
