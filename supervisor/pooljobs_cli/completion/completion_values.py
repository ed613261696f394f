"""Values that a shell completes: queues, job types and ids, as the database has them.

Only a database that was named is asked: a key pressed in a shell starts no server. Whatever goes wrong there are no
values, and no word about it either, since it would be printed into the line that is typed.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import typer

from pooljobs.operations.listing import STATUSES
from pooljobs.process.importing import uncollected

if TYPE_CHECKING:
    from pooljobs.operations.reader import Reader

Told = tuple[str, str]
"""A value, and what is told of it in shells that show that."""

_PATIENCE: Final = 3.0
"""Seconds after which this process ends: nobody waits longer for a key."""

_MOST_IDS: Final = 50
_MOST_TYPES: Final = 1000

_DEFAULT: Final = "default"


def queues(ctx: typer.Context, incomplete: str) -> list[Told]:
    """One queue."""
    return _items(_queues(ctx), incomplete)


def several_queues(ctx: typer.Context, incomplete: str) -> list[Told]:
    """Queues with commas."""
    return _listed(_queues(ctx), incomplete)


def job_types(ctx: typer.Context, incomplete: str) -> list[Told]:
    """One job type."""
    declared = _ask(ctx, lambda reader: reader.declared(limit=_MOST_TYPES))
    return _items(((row["job_type"], f"queue {row['queue']}") for row in declared), incomplete)


def several_statuses(incomplete: str) -> list[Told]:
    """Statuses with commas."""
    return _listed(STATUSES, incomplete)


def ids(*statuses: str) -> Callable[[typer.Context, str], list[Told]]:
    """The ids of the newest jobs of these statuses, or of any."""

    def complete(ctx: typer.Context, incomplete: str) -> list[Told]:
        jobs = _ask(ctx, lambda reader: reader.list_jobs(statuses=statuses, limit=_MOST_IDS))
        return _items(((str(job["id"]), f"{job['job_type']}, {job['status']}") for job in jobs), incomplete)

    return complete


def _queues(ctx: typer.Context) -> list[str]:
    declared = _ask(ctx, lambda reader: reader.declared(limit=_MOST_TYPES))
    return sorted({_DEFAULT, *(row["queue"] for row in declared)})


def _items(values: Iterable[str | tuple[str, str]], incomplete: str) -> list[Told]:
    """Those that begin so; what has a line break or a control character in it cannot be typed."""
    pairs = ((value, "") if isinstance(value, str) else value for value in values)
    return [
        (value, told if told.isprintable() else "")
        for value, told in pairs
        if value.startswith(incomplete) and value.isprintable()
    ]


def _listed(values: Iterable[str], incomplete: str) -> list[Told]:
    before, comma, last = incomplete.rpartition(",")
    named = before.split(",")
    return _items((f"{before}{comma}{each}" for each in values if each not in named), f"{before}{comma}{last}")


def _ask(ctx: typer.Context, question: Callable[[Reader], Sequence[dict[str, str]]]) -> Sequence[dict[str, str]]:
    """What the database answers that was named; nothing if it does not, or not soon."""
    try:
        with uncollected():
            from pooljobs.db.dsn import resolve
            from pooljobs.operations.reader import open_reader

        dsn = resolve(ctx.params.get("dsn")).dsn
        if dsn is None:
            return []
        with _ended_in(_PATIENCE), open_reader(dsn, ctx.params.get("schema") or "pooljobs") as reader:
            return question(reader)
    except Exception:  # noqa: BLE001  # see above
        return []


@contextmanager
def _ended_in(seconds: float) -> Iterator[None]:
    """The process is ended by the kernel if the block takes longer: a name that is looked up waits for no Python."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
