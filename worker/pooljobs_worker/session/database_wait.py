"""What a worker's sessions share of an outage: how it is logged, and that the worker is shown to wait."""

from __future__ import annotations

import logging
import threading
import time

from pooljobs.db.outage import Outage
from pooljobs.db.refusal_log import RefusalLog
from pooljobs.scoreboard import Activity, Slot


class DatabaseWait:
    """One worker's. Shows on the scoreboard, for as long as any session waits, that the worker waits: its lease is not
    renewed then, so that others get its jobs. Any thread.

    Attributes:
        outage: The outage that the sessions log together.
        refusals: The log of what they are refused.
    """

    def __init__(self, slot: Slot, log: logging.Logger) -> None:
        self.outage = Outage(log)
        self.refusals = RefusalLog(log)
        self._slot = slot
        self._lock = threading.Lock()
        self._waiting: set[object] = set()
        self._before = Activity.NONE

    def begins(self, session: object) -> None:
        """A session waits for the database."""
        with self._lock:
            self._waiting.add(session)
        self.lasts(session)

    def lasts(self, session: object) -> None:
        """A session still waits. Said again and again: another thread may show what it does meanwhile."""
        self._slot.heartbeat_ns = time.monotonic_ns()  # it waits, and does not hang
        if session not in self._waiting:  # for what it was refused
            return
        if (activity := self._slot.activity) is not Activity.WAITING_FOR_DATABASE:
            self._before = activity
            self._slot.activity = Activity.WAITING_FOR_DATABASE

    def ends(self, session: object) -> None:
        """A session's wait is over, whether or not the outage is."""
        if session not in self._waiting:  # asked after each statement
            return
        with self._lock:
            self._waiting.discard(session)
            if not self._waiting and self._slot.activity is Activity.WAITING_FOR_DATABASE:
                self._slot.activity = self._before
