"""Looks at the queues again and again, through outages, and takes no more than a tenth of the time for it."""

from __future__ import annotations

import time
from typing import Any, Final, NoReturn

from pooljobs.db.database import open_database
from pooljobs.errors import DatabaseUnreachableError
from pooljobs.operations.pauses import named
from pooljobs.operations.queue_counts import Look
from pooljobs.operations.reader import open_reader
from pooljobs_cli.command_database import announce, migrating_told
from pooljobs_cli.command_failures import as_known
from pooljobs_cli.output.watch_display import Shown, WatchDisplay

_DEAREST: Final = 10.0
"""A look begins so many times its length after the one before at least: it counts all jobs, of a million a million."""

_STATUSES: Final = ("completed", "failed")


class Watch:
    """Looks until somebody ends it."""

    def __init__(self, display: WatchDisplay, every: float, queue: str | None) -> None:
        self._display = display
        self._every = every
        self._queue = queue
        self._before: Look | None = None
        self._looked_at = 0.0
        self._away = False

    def run(self, dsn: str | None, schema: str) -> NoReturn:
        """Look.

        Raises:
            PoolJobsError: The first look could not be taken; or what is wrong later is no outage.
        """
        with open_database(dsn, schema=schema) as database:
            announce(database)
            while True:
                try:
                    with migrating_told(database, schema):
                        self._until_outage(database.dsn, schema)
                except Exception as error:  # noqa: BLE001  # raised again, if it is no outage
                    self._outlive(error)
                time.sleep(self._every)

    def _until_outage(self, dsn: str, schema: str) -> NoReturn:
        with open_reader(dsn, schema) as reader:
            while True:
                began = time.monotonic()
                look = reader.look(self._queue, limit=self._display.limit, before=self._before)
                pauses = reader.pauses()
                took = time.monotonic() - began
                if self._away:
                    self._display.tell("the database is back")
                    self._away = False
                period = max(self._every, _DEAREST * took)
                self._display.show(self._shown(look, pauses, began, took, period))
                self._before, self._looked_at = look, began
                time.sleep(max(0.0, began + period - time.monotonic()))

    def _outlive(self, error: Exception) -> None:
        known = as_known(error)
        if self._before is None or not isinstance(known, DatabaseUnreachableError):
            raise error
        if not self._away:
            self._display.tell(f"the database is away, and is tried again: {known}")
        self._away = True

    def _shown(self, look: Look, pauses: list[Any], began: float, took: float, period: float) -> Shown:
        seconds = began - self._looked_at if self._before else None
        rows = [
            self._with_rates(look, name, row, seconds) | {"paused": named(pauses, "queue", name)}
            for name, row in look.rows.items()
        ]
        return Shown(
            look.counted_at, rows, pauses=pauses, queues=look.queues, seconds=seconds, took=took, period=period
        )

    def _with_rates(self, look: Look, name: str, row: dict[str, Any], seconds: float | None) -> dict[str, Any]:
        """A row, with how many ended in each second since the look before."""
        told = {key: value for key, value in row.items() if key.removesuffix("_lately") not in _STATUSES}
        for status in _STATUSES:
            ended = look.ended_since(self._before, name, status) if self._before else None
            told[f"{status}_per_second"] = None if ended is None or not seconds else ended / seconds
        return told
