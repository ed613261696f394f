"""Keeps bytecode out that a later change of its source could pass for: a reload would serve the old code.

Python knows compiled code by the seconds and the size of its source. What was compiled in the second in which its
source was written says nothing of a change of the same length in the rest of that second.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import wraps
from importlib.machinery import SourceFileLoader
from pathlib import Path


def write_none() -> None:
    """In this process and what it forks: no bytecode at all. For whoever changes sources again and again."""
    sys.dont_write_bytecode = True


def keep_none_of_new_source() -> None:
    """In this process and what it forks: none of source that was written in the same second."""
    write = SourceFileLoader.set_data

    @wraps(write)
    def set_data(loader: SourceFileLoader, path: str, data: bytes, *, _mode: int = 0o666) -> None:
        write(loader, path, data, _mode=_mode)
        with suppress(OSError):
            if _second(path) <= _second(loader.path):
                Path(path).unlink()

    SourceFileLoader.set_data = set_data  # type: ignore[method-assign, assignment]


def _second(path: str) -> int:
    return Path(path).stat().st_mtime_ns // 10**9
