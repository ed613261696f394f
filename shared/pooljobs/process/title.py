"""What ``ps`` and ``top`` call a process, so that supervisor, steward and workers can be told apart. Linux only.

A title is written over the command line that the process was started with, through ``/proc/self/mem``: that needs no
library, and where the system forbids it nothing happens. It is cut to the room that there is, and at least one NUL
follows: without one the kernel would read on into the environment.

A connection string in the command line is overwritten when a command begins, for a password may be in it. Until then,
while Python starts, everybody on the machine can read it: what is secret belongs into the environment.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
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


def hide_connection_strings(arguments: Sequence[str]) -> None:
    """Write asterisks over what follows ``--dsn``, in the command line that other processes see. Never raises."""
    following = [value for option, value in pairwise(arguments) if option == "--dsn"]
    joined = [argument.partition("=")[2] for argument in arguments if argument.startswith("--dsn=")]
    hidden = [os.fsencode(text) for text in (*following, *joined) if text]
    with suppress(OSError, ValueError, IndexError):
        if not hidden:
            return
        start, size = _command_line()
        with (_SELF / "mem").open("r+b", buffering=0) as memory:
            memory.seek(start)
            line = memory.read(size)
            for text in hidden:
                line = line.replace(text, b"*" * len(text))
            memory.seek(start)
            memory.write(line)


def _command_line() -> tuple[int, int]:
    """Where the command line lies in memory, and how long it is; the program's name before it may hold anything."""
    _, _, after = (_SELF / "stat").read_bytes().rpartition(b")")
    words = after.split()
    skipped = 2  # pid and name
    start, end = int(words[_ARG_START - skipped]), int(words[_ARG_END - skipped])
    return start, end - start
