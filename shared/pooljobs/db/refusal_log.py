"""Logs what the database refuses as what it is: once a kind, with a reminder now and then, and not at every try."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

import psycopg

from pooljobs.db.error_classes import in_words

REMINDED_EVERY: Final = 600.0
"""Seconds until an error of the same kind is logged again."""


class RefusalLog:
    """Shared by the connections of one process. A kind is a statement and the SQLSTATE."""

    def __init__(self, log: logging.Logger, *, unless: Callable[[], bool] = lambda: False) -> None:
        """``unless`` says that what is refused now is of no interest."""
        self._log = log
        self._unless = unless
        self._lock = threading.Lock()
        self._logged: dict[tuple[str | None, ...], float] = {}

    def refused(self, error: psycopg.Error, meanwhile: str) -> None:
        """``meanwhile`` ends the line: what follows of it."""
        now, kind = time.monotonic(), (error.sqlstate, *getattr(error, "__notes__", ()))
        if self._unless():
            return
        with self._lock:
            if now - self._logged.get(kind, now - REMINDED_EVERY) < REMINDED_EVERY:
                return
            self._logged[kind] = now
        self._log.error("the database refused: %s; %s", in_words(error), meanwhile)
