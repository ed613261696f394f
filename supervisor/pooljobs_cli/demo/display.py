"""Shows how far the demo is: a live bar on a terminal, a line every two seconds elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from pooljobs_cli.output.console import write

_LINE_EVERY: Final = 2.0


class DemoDisplay:
    """Takes the counts of ``progress.sql`` and shows them, used as a ``with`` around the watching."""

    def __init__(self, total: int, procs: int) -> None:
        self._total = total
        self._procs = procs
        self._began = time.monotonic()
        self._next_line = self._began + _LINE_EVERY
        self._live = _live() if sys.stdout.isatty() else None
        self._task = self._live.add_task("jobs", total=total, told="starting the workers") if self._live else None

    def show(self, counts: Mapping[str, Any]) -> None:
        """Show these counts."""
        done = counts["completed"] + counts["failed"]
        rate = done / max(time.monotonic() - self._began, 0.001)
        told = self._told(counts, rate)
        if self._live is not None and self._task is not None:
            self._live.update(self._task, completed=done, told=told)
        elif time.monotonic() >= self._next_line:
            self._next_line += _LINE_EVERY
            write(f"{done:,}/{self._total:,}  {told}\n")

    def _told(self, counts: Mapping[str, Any], rate: float) -> str:
        respawned = max(0, counts["workers"] - self._procs)
        return (
            f"{rate:,.0f} jobs/s  {counts['claimed']} claimed  {counts['retried']} retried  {counts['failed']} failed  "
            f"{counts['crashes']} crashes  {respawned} respawned"
        )

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()


def _live() -> Progress:
    return Progress(
        BarColumn(bar_width=24),
        TextColumn("{task.completed:,}/{task.total:,}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[told]}", markup=False),
        refresh_per_second=8,
    )
