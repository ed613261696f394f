"""``pooljobs migrate``: brings the schema up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pooljobs.exit_codes import ExitCode
from pooljobs.process.importing import uncollected
from pooljobs_cli.command_database import announce
from pooljobs_cli.command_group import add_command
from pooljobs_cli.command_names import SUMMARIES
from pooljobs_cli.common_options import DEFAULT_SCHEMA, AsJson, Dsn, Embedded, Schema, chosen_dsn
from pooljobs_cli.help_text import DATABASE_CODES, teach
from pooljobs_cli.output.calling_name import as_typed
from pooljobs_cli.output.console import emit_json, emit_lines, say

if TYPE_CHECKING:
    from pooljobs.db.database import Database
    from pooljobs.db.schema.migrator import MigrationReport

HELP = teach(
    SUMMARIES["migrate"],
    "Safe to run at every deployment, from several hosts at once, and while workers run. Hosts of the version before "
    "serve on, unless the migration says otherwise: then they are refused, and told so.\n\n"
    "A schema that was renamed, or restored on a server of another version, is mended, and the mended functions are "
    "named. --check applies nothing: for pipelines.",
    examples=(
        "pooljobs migrate --dsn postgresql://me@localhost/shop",
        "DATABASE_URL=… pooljobs migrate",
        "pooljobs migrate --check",
    ),
    codes=(*DATABASE_CODES, ExitCode.NOT_MIGRATED),
)


def register(cli: typer.Typer) -> None:
    """Add the command to the command line."""
    add_command(cli, "migrate", page=HELP)(run)


Check = Annotated[
    bool,
    typer.Option("--check", help=f"Apply nothing; exit with {ExitCode.NOT_MIGRATED:d} if there is anything to apply."),
]


def run(
    *,
    dsn: Dsn = None,
    embedded: Embedded = False,
    schema: Schema = DEFAULT_SCHEMA,
    check: Check = False,
    as_json: AsJson = False,
) -> None:
    """Migrate the database."""
    with uncollected():
        from pooljobs.db.database import open_database
        from pooljobs.db.schema.migrator import migrate

    with open_database(chosen_dsn(dsn, embedded=embedded), schema=schema, prepare=_later) as database:
        announce(database)
        where = f"schema {schema} of {_place(database)}"
        if check:
            _check(database, schema, where, as_json=as_json)
            return
        report = migrate(database.dsn, schema)
    if report.warning:
        say(report.warning, style="warning")
    if as_json:
        emit_json({"schema": schema, "version": report.version, "applied": report.applied, "mended": report.mended})
    else:
        emit_lines(_told(report, where))


def _place(database: Database) -> str:
    from pooljobs.db.connect import connect
    from pooljobs.db.endpoint import place

    with connect(database.dsn, application_name="pooljobs migrate") as connection:
        return database.told(place(connection))


def _check(database: Database, schema: str, where: str, *, as_json: bool) -> None:
    from pooljobs.db.schema.migrations import code_version
    from pooljobs.db.schema.migrator import pending
    from pooljobs_cli.migrate_hint import migrate_command

    missing = pending(database.dsn, schema)
    if as_json:
        emit_json({"schema": schema, "version": code_version(), "pending": missing})
    elif missing:
        emit_lines([*(f"pending {name}" for name in missing), as_typed(f"run: {migrate_command(database, schema)}")])
    else:
        emit_lines([f"{where} is up to date"])
    if missing:
        raise typer.Exit(ExitCode.NOT_MIGRATED)


def _later(dsn: str, schema: str) -> None:
    """The command itself migrates the embedded server too, in order to tell of it."""


def _told(report: MigrationReport, where: str) -> list[str]:
    done = [*(f"applied {name}" for name in report.applied), *(f"mended {name}" for name in report.mended)]
    if not done:
        return [f"{where} is up to date (version {report.version})"]
    return [*done, f"{where} is at version {report.version}"]
