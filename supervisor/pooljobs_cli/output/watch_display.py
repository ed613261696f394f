"""Where ``stats --watch`` shows what it sees: in place on a terminal, in blocks elsewhere, or a JSON object a line."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass
from datetime import datetime
from typing import Any, Final, NoReturn, Protocol

from rich.text import Text

from pooljobs.ages import span
from pooljobs_cli.output.console import (
    InPlace,
    cell,
    emit,
    emit_json,
    in_place,
    joined,
    line,
    output_height,
    output_width,
    say,
)
from pooljobs_cli.output.pause_table import pause_lines
from pooljobs_cli.output.queue_table import queue_table

_BESIDE: Final = 4
"""Lines of a terminal that are no queue's: titles, what is left out, the time, the prompt."""

_SIGNALLED: Final = 128


@dataclass(frozen=True, slots=True)
class Shown:
    """One look, as it is shown.

    Attributes:
        at: By the database's clock.
        rows: A queue each.
        pauses: What is paused; see ``list_pauses.sql``.
        queues: How many there are, listed or not.
        seconds: Since the look before; None for the first.
        took: Seconds that it took.
        period: Seconds from its beginning to the next one's.
    """

    at: datetime
    rows: list[dict[str, Any]]
    _: KW_ONLY
    pauses: list[dict[str, Any]]
    queues: int
    seconds: float | None
    took: float
    period: float


class WatchDisplay(Protocol):
    """Where looks are shown."""

    @property
    def limit(self) -> int | None:
        """Most queues to list."""

    def show(self, shown: Shown) -> None:
        """Show a look."""

    def tell(self, text: str) -> None:
        """Say something beside it."""


@contextmanager
def open_display(every: float, limit: int | None, *, as_json: bool) -> Iterator[WatchDisplay]:
    """The one for this stdout; on a terminal its cursor is there again at the end, by whichever signal that came."""
    if as_json:
        yield _Lines(limit)
    elif sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        signal.signal(signal.SIGTERM, _end)
        with in_place() as place:
            yield _Screen(place, every, limit)
    else:
        yield _Blocks(limit)


def _end(number: int, _frame: object) -> NoReturn:
    raise SystemExit(_SIGNALLED + number)


class _Lines:
    def __init__(self, limit: int | None) -> None:
        self.limit = limit

    def show(self, shown: Shown) -> None:
        emit_json({"at": shown.at, "seconds": shown.seconds, "queues": shown.rows}, one_line=True)

    def tell(self, text: str) -> None:
        say(text, style="warning")  # programs are to know too


class _Blocks:
    def __init__(self, limit: int | None) -> None:
        self.limit = limit

    def show(self, shown: Shown) -> None:
        emit(joined([cell(_moment(shown.at), "bold"), *_table(shown), line("")], "\n"))

    def tell(self, text: str) -> None:
        say(text, style="warning")  # programs are to know too


class _Screen:
    def __init__(self, place: InPlace, every: float, limit: int | None) -> None:
        self._place = place
        self._every = every
        self._limit = limit

    @property
    def limit(self) -> int:
        """As many as there is room for."""
        room = max(1, output_height() - _BESIDE)
        return min(room, self._limit) if self._limit else room

    def show(self, shown: Shown) -> None:
        self._place.show(joined([*_table(shown), cell(self._caption(shown), "dim")], "\n"))

    def tell(self, text: str) -> None:
        self._place.tell(cell(text, "magenta"))

    def _caption(self, shown: Shown) -> str:
        dear = f", since a look takes {span(shown.took)}" if shown.period > self._every else ""
        return f"{_moment(shown.at)}, every {span(shown.period)}{dear}; Ctrl-C ends"


def _table(shown: Shown) -> Iterator[Text]:
    if shown.pauses:
        yield pause_lines(shown.pauses)
    if not shown.rows:
        yield cell("nothing waits or runs")
        return
    yield queue_table(shown.rows, output_width(), watching=True)
    if shown.queues > len(shown.rows):
        yield cell(f"and {shown.queues - len(shown.rows):,} more queues, with less that is due", "dim")


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
