"""What ``ps`` and ``top`` call a process, so that supervisor, steward and workers can be told apart. Linux only.

A title is written over the command line that the process was started with, through ``/proc/self/mem``: that needs no
library, and where the system forbids it nothing happens. It is cut to the room that there is, and at least one NUL
follows: without one the kernel would read on into the environment. A password that was in the command line is gone.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from pooljobs.escaping import escaped

_SELF = Path("/proc/self")
_ARG_START, _ARG_END = 47, 48
"""Of the numbers in ``stat``, counted from 0."""

_SHORT = 15
"""Bytes that the kernel keeps of a short name."""


def set_title(name: str, app: str) -> None:
    """Call this process ``pooljobs serve: name (app)`` from here on, ``pooljobs:name`` where it is to be short.

    Never raises.
    """
    with suppress(OSError, ValueError):
        (_SELF / "comm").write_bytes(f"pooljobs:{name}".encode()[:_SHORT])
    with suppress(OSError, ValueError, IndexError):
        start, size = _command_line()
        if size > 0:
            text = escaped(f"pooljobs serve: {name} ({app})").encode()[: size - 1]
            with (_SELF / "mem").open("r+b", buffering=0) as memory:
                memory.seek(start)
                memory.write(text.ljust(size, b"\0"))


def _command_line() -> tuple[int, int]:
    """Where the command line lies in memory, and how long it is; the program's name before it may hold anything."""
    _, _, after = (_SELF / "stat").read_bytes().rpartition(b")")
    words = after.split()
    skipped = 2  # pid and name
    start, end = int(words[_ARG_START - skipped]), int(words[_ARG_END - skipped])
    return start, end - start
