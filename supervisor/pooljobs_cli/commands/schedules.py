"""``pooljobs schedules``: the group of commands, and those that look: list, show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from pooljobs.exit_codes import ExitCode
from pooljobs_cli.command_group import add_command, new_group
from pooljobs_cli.command_names import SUMMARIES
from pooljobs_cli.commands import schedule_acts as acts
from pooljobs_cli.common_options import DEFAULT_SCHEMA, AsJson, Dsn, Embedded, Schema
from pooljobs_cli.help_page import HelpPage
from pooljobs_cli.help_text import DATABASE_CODES, teach
from pooljobs_cli.output.calling_name import as_typed
from pooljobs_cli.output.console import emit, emit_json, output_width, raw_json, say
from pooljobs_cli.output.json_text import masked

Name = Annotated[str, typer.Argument(metavar="NAME", help="A schedule's name.")]

LIST_HELP = teach(
    "Lists schedules: when, in words; their next run, in their zone; and the last one.",
    "Declared ones and those that were stored. A schedule is active, paused, failing (its row tells why), of a type "
    "that no living worker declares, or retired: the code has it no longer.",
    examples=("pooljobs schedules list", "pooljobs schedules list --json"),
    codes=DATABASE_CODES,
)
SHOW_HELP = teach(
    "Shows everything about one schedule: its rule, its next runs, its payload, what is wrong with it.",
    examples=("pooljobs schedules show nightly_report",),
    codes=(*DATABASE_CODES, ExitCode.NOT_FOUND),
)


def register(parent: typer.Typer) -> None:
    """Add the group to the command line."""
    group = new_group(HelpPage(summary=SUMMARIES["schedules"]))
    add_command(group, "list", page=LIST_HELP)(list_schedules)
    add_command(group, "show", page=SHOW_HELP)(show)
    add_command(group, "add", page=acts.ADD_HELP)(acts.add)
    add_command(group, "edit", page=acts.EDIT_HELP)(acts.edit)
    add_command(group, "pause", page=acts.PAUSE_HELP)(acts.pause)
    add_command(group, "resume", page=acts.RESUME_HELP)(acts.resume)
    add_command(group, "run-now", page=acts.RUN_HELP)(acts.run_now)
    add_command(group, "remove", page=acts.REMOVE_HELP)(acts.remove)
    parent.add_typer(group, name="schedules")


def list_schedules(
    *, dsn: Dsn = None, embedded: Embedded = False, schema: Schema = DEFAULT_SCHEMA, as_json: AsJson = False
) -> None:
    """List schedules."""
    with acts.schedules(dsn, schema, embedded=embedded) as desk:
        rows = desk.list_all()
    if as_json:
        emit_json([schedule_json(row) for row in rows])
    elif rows:
        from pooljobs_cli.output.schedule_table import schedule_table

        emit(schedule_table(rows, output_width()))
    else:
        say(as_typed("no schedules yet: declare one with  @app.job(cron='0 3 * * *')  or  pooljobs schedules add"))


def show(
    name: Name,
    *,
    dsn: Dsn = None,
    embedded: Embedded = False,
    schema: Schema = DEFAULT_SCHEMA,
    as_json: AsJson = False,
) -> None:
    """Show one schedule."""
    with acts.schedules(dsn, schema, embedded=embedded) as desk:
        row = desk.find(name)
    if as_json:
        emit_json(schedule_json(row))
    else:
        from pooljobs_cli.output.schedule_table import schedule_sheet

        emit(schedule_sheet(row))


def schedule_json(row: Mapping[str, Any]) -> dict[str, Any]:
    """As other programs read it: the payload as the database has it, without what is secret."""
    told = {name: value for name, value in row.items() if name != "secret"}
    return told | {"payload": raw_json(masked(row["payload"], row["secret"] or ()))}
