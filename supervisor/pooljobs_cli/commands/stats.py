"""``pooljobs stats``: how the queues stand, once or again and again."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Annotated, Any, Final

import typer

from pooljobs.errors import OptionError
from pooljobs.process.importing import uncollected
from pooljobs_cli.command_database import reading
from pooljobs_cli.command_group import Command, add_command
from pooljobs_cli.command_names import SUMMARIES
from pooljobs_cli.common_options import DEFAULT_SCHEMA, AsJson, Dsn, Embedded, QueueFilter, Schema, chosen_dsn
from pooljobs_cli.help_text import DATABASE_CODES, teach
from pooljobs_cli.output.console import emit, emit_json, output_width, say

HELP = teach(
    SUMMARIES["stats"],
    "Workers are those alive that serve the queue. Unknown are those of the due ones whose type no living worker "
    "declares. Wait is from when a job was due to its "
    "start, run from there to its settlement; median / 95th percentile of the completed ones. Of many queues those are "
    "listed of which most is due. What is paused is listed below, with --json of each queue. A narrow terminal has "
    "fewer columns.",
    examples=(
        "pooljobs stats",
        "pooljobs stats --queue emails --json",
        "pooljobs stats --watch",
        "pooljobs stats --watch 10",
    ),
    codes=DATABASE_CODES,
)

MOST: Final = 100
"""Queues in a table, unless another number is asked for."""

EVERY: Final = "2"
"""Seconds between two looks, unless others are given."""

_LEAST: Final = 0.1

Limit = Annotated[
    int | None,
    typer.Option("--limit", "-n", min=1, metavar="N", help=f"Most queues to list; by default {MOST}, with --json all."),
]
Every = Annotated[
    float | None,
    typer.Option(
        "--watch",
        metavar="[SECONDS]",
        help=f"Look again and again, by default every {EVERY} s, until Ctrl-C.",
        show_default=False,
    ),
]


class _StatsCommand(Command):
    """Takes ``--watch`` without a value too."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, with_seconds(args))


def register(cli: typer.Typer) -> None:
    """Add the command to the command line."""
    add_command(cli, "stats", cls=_StatsCommand, page=HELP)(stats)


def with_seconds(arguments: Sequence[str]) -> list[str]:
    """Puts the seconds in where ``--watch`` has none.

    >>> with_seconds(["--watch", "--json"]), with_seconds(["--watch", "5"]), with_seconds(["--watch"])
    (['--watch=2', '--json'], ['--watch', '5'], ['--watch=2'])
    """
    given = list(arguments)
    for place, argument in enumerate(given):
        if argument == "--watch" and not re.match(r"-[\d.]|[^-]", (given[place + 1 :] or [""])[0]):
            given[place] = f"--watch={EVERY}"
    return given


def stats(
    queue: QueueFilter = None,
    limit: Limit = None,
    *,
    watch: Every = None,
    dsn: Dsn = None,
    embedded: Embedded = False,
    schema: Schema = DEFAULT_SCHEMA,
    as_json: AsJson = False,
) -> None:
    """Show how the queues stand."""
    most = limit or (None if as_json else MOST)
    if watch is not None:
        _watch(watch, queue, most, chosen_dsn(dsn, embedded=embedded), schema, as_json=as_json)
        return
    with reading(dsn, schema, embedded=embedded) as reader:
        queues, of = reader.count(queue, limit=most)
        pauses = reader.pauses()
    if as_json:
        from pooljobs.operations.pauses import named

        emit_json([row | {"paused": named(pauses, "queue", row["queue"])} for row in queues])
        return
    if queues:
        from pooljobs_cli.output.queue_table import queue_table

        emit(queue_table(queues, output_width()))
        if of > len(queues):
            say(f"and {of - len(queues):,} more queues, with less that is due: --limit {of} lists all, --queue one")
    else:
        say("nothing waits or runs, and nothing ended in the last hour")
    if pauses:
        from pooljobs_cli.output.pause_table import pause_lines

        emit(pause_lines(pauses))


def _watch(every: float, queue: str | None, limit: int | None, dsn: str | None, schema: str, *, as_json: bool) -> None:
    if not _LEAST <= every < math.inf:
        raise OptionError(f"--watch takes {_LEAST} seconds or more, not {every:g}")
    with uncollected():
        from pooljobs_cli.output.watch_display import open_display
        from pooljobs_cli.queue_watch import Watch

    with open_display(every, limit, as_json=as_json) as display:
        Watch(display, every, queue).run(dsn, schema)
