"""``pooljobs types``: list, pause, resume."""

from __future__ import annotations

from typing import Annotated

import typer

from pooljobs_cli.command_group import add_command, new_group
from pooljobs_cli.command_names import SUMMARIES
from pooljobs_cli.commands.pause_acts import By, Reason, list_named, pause_help, pause_one, resume_help, resume_one
from pooljobs_cli.common_options import DEFAULT_SCHEMA, AsJson, Dsn, Embedded, Schema
from pooljobs_cli.completion.completion_values import job_types
from pooljobs_cli.help_page import HelpPage
from pooljobs_cli.help_text import DATABASE_CODES, teach

JobType = Annotated[str, typer.Argument(metavar="TYPE", help="Its name.", autocompletion=job_types)]

LIST_HELP = teach(
    "Lists the job types that are paused, and those that were ever declared, with their queues.",
    examples=("pooljobs types list", "pooljobs types list --json"),
    codes=DATABASE_CODES,
)


def register(parent: typer.Typer) -> None:
    """Add the group to the command line."""
    group = new_group(HelpPage(summary=SUMMARIES["types"]))
    add_command(group, "list", page=LIST_HELP)(list_types)
    add_command(group, "pause", page=pause_help("a job type", "types pause send_invoice"))(pause)
    add_command(group, "resume", page=resume_help("a job type", "types resume send_invoice"))(resume)
    parent.add_typer(group, name="types")


def list_types(
    *, dsn: Dsn = None, embedded: Embedded = False, schema: Schema = DEFAULT_SCHEMA, as_json: AsJson = False
) -> None:
    """List job types."""
    list_named("type", dsn, schema, embedded=embedded, as_json=as_json)


def pause(
    job_type: JobType,
    *,
    reason: Reason = None,
    by: By = None,
    dsn: Dsn = None,
    embedded: Embedded = False,
    schema: Schema = DEFAULT_SCHEMA,
    as_json: AsJson = False,
) -> None:
    """Pause a job type."""
    pause_one("type", job_type, (reason, by), dsn, schema, embedded=embedded, as_json=as_json)


def resume(
    job_type: JobType,
    *,
    dsn: Dsn = None,
    embedded: Embedded = False,
    schema: Schema = DEFAULT_SCHEMA,
    as_json: AsJson = False,
) -> None:
    """Resume a job type."""
    resume_one("type", job_type, dsn, schema, embedded=embedded, as_json=as_json)
