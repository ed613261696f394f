"""What the supervisor has and no child may keep: above all the pipe by which children learn that it is gone. It alone
keeps the write end, and writes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable
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


class ParentResources:
    """What belongs to the supervisor's process alone: functions that close it in a child, and do nothing to the parent.
    Every child lets go of it first, while all signals are blocked.
    """

    def __init__(self, *closing: Callable[[], None]) -> None:
        self._closing = [*closing]

    def add(self, closing: Callable[[], None]) -> None:
        """One more, for all who are forked from now on."""
        self._closing.append(closing)

    def forget(self) -> None:
        """Let go of all; in a child."""
        for close in self._closing:
            close()
