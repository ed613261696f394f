"""Who uses the server, and who may start or stop it: two file locks, which the kernel frees when a process dies."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pooljobs.embedded.account import Account
from pooljobs.errors import EmbeddedError

PAUSE = 0.02
"""Seconds between two looks."""


class User:
    """One use of the server: a shared lock for as long as it lasts.

    A forked child inherits the lock with the file: it goes on counting as a user when its parent is gone, and must
    not unlock what its parent still holds.
    """

    def __init__(self, path: Path, deadline: float, account: Account | None = None) -> None:
        """Join. Raises EmbeddedError if somebody holds the lock alone until ``deadline``, on the monotonic clock."""
        file = _open(path, account)
        try:
            _wait_for(file, fcntl.LOCK_SH, path, deadline)  # at once: nobody holds it alone without the start lock
        except BaseException:
            os.close(file)
            raise
        self._file: int | None = file
        self._pid = os.getpid()

    @property
    def leaving_is_ours(self) -> bool:
        """Whether this process is the one that joined, and has not left yet."""
        return self._file is not None and os.getpid() == self._pid

    def is_last(self) -> bool:
        """Whether nobody else uses the server. Only to be asked on leaving: a no gives the own lock up, too."""
        assert self._file is not None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def leave(self) -> None:
        """Give the lock up; in a forked child, only this process's part in it."""
        if self._file is None:
            return
        if os.getpid() == self._pid:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        os.close(self._file)
        self._file = None


@contextmanager
def alone(path: Path, deadline: float, account: Account | None = None) -> Iterator[None]:
    """Holds the start lock: nobody else starts or stops the server meanwhile.

    Args:
        path: The lock file.
        deadline: On the monotonic clock, in seconds.
        account: May take the lock too.

    Raises:
        EmbeddedError: Another process held it all the time.
    """
    file = _open(path, account)
    try:
        _wait_for(file, fcntl.LOCK_EX, path, deadline)
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)  # said, because a child forked meanwhile has the file open, too
    finally:
        os.close(file)


def _wait_for(file: int, lock: int, path: Path, deadline: float) -> None:
    while True:
        try:
            return fcntl.flock(file, lock | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                hint = f"see who has it: fuser {path}"
                raise EmbeddedError(
                    "another process is still starting or stopping the embedded PostgreSQL", hint=hint
                ) from None
        time.sleep(PAUSE)


def _open(path: Path, account: Account | None) -> int:
    """Whoever can open a file can lock it, and keep everybody waiting: so nobody else can."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    status = os.fstat(file)
    if status.st_uid == os.geteuid() or account:
        os.fchmod(file, 0o600)
        if account and status.st_uid != account.uid:
            os.fchown(file, account.uid, account.gid)
    return file
