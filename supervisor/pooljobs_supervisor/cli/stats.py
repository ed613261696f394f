"""``pooljobs stats``: how the queues stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from pooljobs_supervisor.cli.commands import SUMMARIES
from pooljobs_supervisor.cli.database import reading
from pooljobs_supervisor.cli.help_text import DATABASE_CODES, teach
from pooljobs_supervisor.cli.options import DEFAULT_SCHEMA, AsJson, Dsn, Embedded, QueueFilter, Schema
from pooljobs_supervisor.telling.ages import span
from pooljobs_supervisor.telling.console import emit, emit_json, line, say

if TYPE_CHECKING:
    from rich.table import Table

HELP = teach(
    SUMMARIES["stats"],
    "Unknown are those of the due ones whose type no living worker declares. Wait is from when a job was due to its "
    "start, run from there to its settlement; median / 95th percentile of the completed ones. Of many queues those are "
    "listed of which most is due.",
    examples=("pooljobs stats", "pooljobs stats --queue emails --json"),
    codes=DATABASE_CODES,
)


MOST: Final = 100
"""Queues in a table, unless another number is asked for."""

Limit = Annotated[
    int | None,
    typer.Option("--limit", "-n", min=1, metavar="N", help=f"Most queues to list; by default {MOST}, with --json all."),
]


def register(cli: typer.Typer) -> None:
    """Add the command to the command line."""
    cli.command("stats", help=HELP)(stats)


def stats(
    queue: QueueFilter = None,
    limit: Limit = None,
    *,
    dsn: Dsn = None,
    embedded: Embedded = False,
    schema: Schema = DEFAULT_SCHEMA,
    as_json: AsJson = False,
) -> None:
    """Show how the queues stand."""
    most = limit or (None if as_json else MOST)
    with reading(dsn, schema, embedded=embedded) as reader:
        queues, of = reader.count(queue, limit=most)
    if as_json:
        emit_json(queues)
    elif queues:
        emit(queue_table(queues))
        if of > len(queues):
            say(f"and {of - len(queues):,} more queues, with less that is due: --limit {of} lists all, --queue one")
    else:
        say("nothing waits or runs, and nothing ended in the last hour")


def queue_table(queues: Sequence[Mapping[str, Any]]) -> Table:
    """One line a queue."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("queue", no_wrap=True)
    now = ["pending", "due", *(["unknown"] if any(row["unknown"] for row in queues) else []), "running"]
    for title in (*now, "oldest due", "done/1h", "failed/1h", "wait", "run"):
        table.add_column(title, justify="right", no_wrap=True)
    for row in queues:
        counts = [row[name] for name in now]
        hour = [row["completed_last_hour"], row["failed_last_hour"]]
        table.add_row(
            line(row["queue"]),
            *(f"{count:,}" for count in counts),
            span(row["oldest_due_age"]),
            *(f"{count:,}" for count in hour),
            _pair(row["wait_p50"], row["wait_p95"]),
            _pair(row["run_p50"], row["run_p95"]),
        )
    return table


def _pair(median: float | None, high: float | None) -> str:
    return "-" if median is None else f"{span(median)} / {span(high)}"
