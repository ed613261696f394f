"""Writes the log's lines that nobody has read yet: a watcher.

The supervisor's own lines never wait for a reader: a terminal under Ctrl-S would stop the whole fleet's supervision.
"""

from __future__ import annotations

from pooljobs import logs
from pooljobs_supervisor.fleet.actions import Action
from pooljobs_supervisor.fleet.plan import IDLE_TICK

_SOON = 0.1
"""Seconds between tries while lines wait."""


class LogFlush:
    """Asks for nothing; its looks write."""

    def __init__(self) -> None:
        self._waiting = False

    def check(self, _now: float) -> list[Action]:
        """Writes what is taken now."""
        self._waiting = logs.flush()
        return []

    def next_check(self, _now: float) -> float:
        """Soon, if lines wait."""
        return _SOON if self._waiting else IDLE_TICK
