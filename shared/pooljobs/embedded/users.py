"""Who uses an embedded server: every process holds a shared lock on a file, and the last one out stops the server.

The kernel drops a lock with its process, so a user that was killed counts no more. Starting and stopping happen under
a second, exclusive lock, so that nobody adopts a server that is being stopped.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def turn(root: Path) -> Iterator[None]:
    """The exclusive right to start or stop the server in ``root``; waits for it."""
    fd = os.open(root / "start.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


class Use:
    """One process's use of the server. Made and ended within ``turn``.

    A forked child shares the lock with its parent (it belongs to the open file), so the child's end releases nothing
    while the parent lives, and the parent's finds the lock free only when its children are gone too.
    """

    def __init__(self, root: Path) -> None:
        self._pid = os.getpid()
        self._fd = os.open(root / "users.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._fd, fcntl.LOCK_SH)

    @property
    def inherited(self) -> bool:
        """Whether this process is a fork of the one that took the lock."""
        return os.getpid() != self._pid

    def is_last(self) -> bool:
        """Whether nobody else uses the server. A lock that cannot be had at once says that somebody does."""
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def end(self) -> None:
        """Uses the server no more."""
        os.close(self._fd)
