"""The pipe by which children learn that their supervisor is gone: it alone keeps the write end, and writes nothing."""

from __future__ import annotations

import os
from typing import Self


class Lifeline:
    """Open for as long as the supervisor lives; the kernel closes it after any kind of death."""

    def __init__(self) -> None:
        self.read_fd = self._write_fd = -1

    def __enter__(self) -> Self:
        self.read_fd, self._write_fd = os.pipe()
        os.set_blocking(self.read_fd, False)
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        os.close(self.read_fd)

    def close(self) -> None:
        """Close the write end: in the supervisor every child sees that; in a child it drops the inherited copy."""
        os.close(self._write_fd)
