"""``pooljobs queues``: list, pause, resume."""

from __future__ import annotations

from typing import Annotated

import typer

from pooljobs_cli.command_group import add_command, new_group
from pooljobs_cli.command_names import SUMMARIES
from pooljobs_cli.commands.pause_acts import By, Reason, list_named, pause_help, pause_one, resume_help, resume_one
from pooljobs_cli.common_options import DEFAULT_SCHEMA, AsJson, Dsn, Embedded, Schema
from pooljobs_cli.completion.completion_values import queues as queue_names
from pooljobs_cli.help_page import HelpPage
from pooljobs_cli.help_text import DATABASE_CODES, teach

Queue = Annotated[str, typer.Argument(metavar="QUEUE", help="Its name.", autocompletion=queue_names)]

LIST_HELP = teach(
    "Lists the queues that are paused, that hold jobs, or for which a job type was declared.",
    examples=("pooljobs queues list", "pooljobs queues list --json"),
    codes=DATABASE_CODES,
)


def register(parent: typer.Typer) -> None:
    """Add the group to the command line."""
    group = new_group(HelpPage(summary=SUMMARIES["queues"]))
    add_command(group, "list", page=LIST_HELP)(list_queues)
    add_command(group, "pause", page=pause_help("a queue", "queues pause emails"))(pause)
    add_command(group, "resume", page=resume_help("a queue", "queues resume emails"))(resume)
    parent.add_typer(group, name="queues")


def list_queues(
    *, dsn: Dsn = None, embedded: Embedded = False, schema: Schema = DEFAULT_SCHEMA, as_json: AsJson = False
) -> None:
    """List queues."""
    list_named("queue", dsn, schema, embedded=embedded, as_json=as_json)


def pause(
    queue: Queue,
    *,
    reason: Reason = None,
    by: By = None,
    dsn: Dsn = None,
    embedded: Embedded = False,
    schema: Schema = DEFAULT_SCHEMA,
    as_json: AsJson = False,
) -> None:
    """Pause a queue."""
    pause_one("queue", queue, (reason, by), dsn, schema, embedded=embedded, as_json=as_json)


def resume(
    queue: Queue,
    *,
    dsn: Dsn = None,
    embedded: Embedded = False,
    schema: Schema = DEFAULT_SCHEMA,
    as_json: AsJson = False,
) -> None:
    """Resume a queue."""
    resume_one("queue", queue, dsn, schema, embedded=embedded, as_json=as_json)
