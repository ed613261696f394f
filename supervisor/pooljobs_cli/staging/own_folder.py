"""A temporary folder that is removed at the end; after a kill, by the next run. Used by chaos and bench."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_IN_USE: Final = "in-use"
"""A file that its run holds locked. A folder without one was kept for somebody to read."""


@dataclass(slots=True)
class OwnFolder:
    """Where it is, and whether it is to stay for somebody to read."""

    path: Path
    keep: bool = False


@contextmanager
def own_folder(prefix: str, end_left: Callable[[Path], None] = lambda _folder: None) -> Iterator[OwnFolder]:
    """A new folder in the temporary directory, its name beginning with ``prefix``.

    ``end_left`` is called with each folder of a run that was killed, before it is removed.
    """
    _sweep(prefix, end_left)
    folder = OwnFolder(Path(tempfile.mkdtemp(prefix=prefix)).resolve())
    lock = os.open(folder.path / _IN_USE, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        if folder.keep:
            (folder.path / _IN_USE).unlink(missing_ok=True)
        else:
            shutil.rmtree(folder.path, ignore_errors=True)
        os.close(lock)


def _sweep(prefix: str, end_left: Callable[[Path], None]) -> None:
    for folder in Path(tempfile.gettempdir()).resolve().glob(f"{prefix}*"):
        with suppress(OSError):  # another run sweeps too, or it is not ours
            status = folder.lstat()
            if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
                continue
            lock = os.open(folder / _IN_USE, os.O_RDWR | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                end_left(folder)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)
