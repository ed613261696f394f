"""What belongs to the supervisor's process alone. Every child lets go of it first, while all signals are blocked."""

from __future__ import annotations

from collections.abc import Callable


class ParentResources:
    """Functions that close a parent's descriptors in its child, and do nothing to the parent."""

    def __init__(self, *closing: Callable[[], None]) -> None:
        self._closing = [*closing]

    def add(self, closing: Callable[[], None]) -> None:
        """One more, for all who are forked from now on."""
        self._closing.append(closing)

    def forget(self) -> None:
        """Let go of all; in a child."""
        for close in self._closing:
            close()
