"""A pipe that wakes one process. A byte says why: WORK may have come from elsewhere, or a job of its OWN has ended.

One byte of a kind waiting is as good as many.
"""

from __future__ import annotations

import os

_GULP = 4096

WORK = b"w"
"""Look for work everywhere: some may lie behind what the reader has passed."""
OWN = b"o"
"""Look at what you hold: a job of yours has ended."""


class WakePipe:
    """Both ends never block, and neither survives an exec, so that a job's subprocess cannot keep them."""

    __slots__ = ("read_fd", "write_fd")

    def __init__(self) -> None:
        self.read_fd, self.write_fd = os.pipe()
        os.set_blocking(self.read_fd, False)
        os.set_blocking(self.write_fd, False)

    def wake(self, why: bytes = WORK) -> None:
        """Write one byte. A full pipe already wakes its reader, so it is no error."""
        try:
            os.write(self.write_fd, why)
        except BlockingIOError:
            return

    def drain(self) -> bool:
        """Read away what is waiting; whether any of it spoke of WORK."""
        work = False
        try:
            while waiting := os.read(self.read_fd, _GULP):
                work = work or WORK in waiting
                if len(waiting) < _GULP:
                    break
        except BlockingIOError:
            pass
        return work

    def close(self) -> None:
        """Close both ends in this process."""
        os.close(self.read_fd)
        os.close(self.write_fd)
