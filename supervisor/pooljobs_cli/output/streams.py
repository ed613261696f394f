"""stdout and stderr of a command, such that none ends by a traceback for where it prints. Set up by ``__main__``.

A stream of another character set takes what it has no characters for as escapes. A reader that has gone (``| head``)
ends the command silently and successfully; a full disk, or a stdout that was closed before, ends it with
``ExitCode.OUTPUT``. What is told on stderr is lost where nobody takes it.
"""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from typing import Any, TextIO

from pooljobs.exit_codes import ExitCode
from pooljobs.process import standard_numbers
from pooljobs.process.standard_output import forgiving, like
from pooljobs_cli.output.console import say_error


class _Stdout(io.FileIO):
    """Raises SystemExit where nothing can be written any more, and leads to /dev/null from then on."""

    def write(self, data: Any, /) -> int:
        try:
            while (written := super().write(data)) is None:  # on a pipe that never waits
                select.select([], [self], [])
        except OSError as error:
            os.dup2(
                standard_numbers.nothing(os.O_WRONLY), self.fileno()
            )  # the interpreter flushes once more at its exit
            if error.errno == errno.EPIPE:
                raise SystemExit(ExitCode.OK) from None
            say_error(f"cannot write to stdout: {error.strerror}", None, ExitCode.OUTPUT)
            raise SystemExit(ExitCode.OUTPUT) from None
        return written


def open_streams() -> None:
    """Put such streams in the place of this process's; the numbers of those that were closed are taken."""
    standard_numbers.take()
    output = 1 if sys.stdout is not None else standard_numbers.nothing(os.O_RDONLY)  # to write there is an error
    sys.stdout = _rewritten(sys.stdout, _Stdout(output, "wb", closefd=False))
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(errors="backslashreplace")
    sys.stderr = forgiving(sys.stderr, 2)


def _rewritten(stream: TextIO | None, raw: io.FileIO) -> TextIO:
    """As the given one encodes and buffers; what it has no characters for is escaped."""
    if isinstance(stream, io.TextIOWrapper):
        return like(stream, raw, "backslashreplace")
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding="utf-8", errors="backslashreplace")
