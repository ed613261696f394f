"""A pipe that wakes one process: bytes mean nothing but "look again"; one byte waiting is as good as many."""

from __future__ import annotations

import os

_GULP = 4096


class WakePipe:
    """Both ends never block, and neither survives an exec, so that a job's subprocess cannot keep them."""

    __slots__ = ("read_fd", "write_fd")

    def __init__(self) -> None:
        self.read_fd, self.write_fd = os.pipe()
        os.set_blocking(self.read_fd, False)
        os.set_blocking(self.write_fd, False)

    def wake(self) -> None:
        """Write one byte. A full pipe already wakes its reader, so it is no error."""
        try:
            os.write(self.write_fd, b"w")
        except BlockingIOError:
            return

    def drain(self) -> None:
        """Read away what is waiting."""
        try:
            while len(os.read(self.read_fd, _GULP)) == _GULP:
                pass
        except BlockingIOError:
            return

    def close(self) -> None:
        """Close both ends in this process."""
        os.close(self.read_fd)
        os.close(self.write_fd)
