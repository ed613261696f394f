"""``pooljobs migrate``: brings the schema up to date."""

from __future__ import annotations

import typer
from rich.text import Text

from pooljobs.db.migrate import MigrationReport, migrate
from pooljobs.db.service import Database, open_database
from pooljobs.exit_codes import ExitCode
from pooljobs_supervisor.cli.database import announce
from pooljobs_supervisor.cli.help_text import DATABASE_CODES, teach
from pooljobs_supervisor.cli.options import DEFAULT_SCHEMA, AsJson, Dsn, Schema
from pooljobs_supervisor.telling.console import emit, emit_json

HELP = teach(
    "Creates pooljobs' tables, or brings them up to this version.",
    "Safe to run at every deployment, from several hosts at once, and while workers run.",
    examples=("pooljobs migrate --dsn postgresql://me@localhost/shop", "DATABASE_URL=… pooljobs migrate"),
    codes=(*DATABASE_CODES, ExitCode.NOT_MIGRATED),
)


def register(cli: typer.Typer) -> None:
    """Add the command to the command line."""
    cli.command("migrate", help=HELP)(run)


def run(*, dsn: Dsn = None, schema: Schema = DEFAULT_SCHEMA, as_json: AsJson = False) -> None:
    """Migrate the database."""
    with open_database(dsn, schema=schema, prepare=_later) as database:
        announce(database)
        report = migrate(database.dsn, schema)
    if as_json:
        emit_json({"schema": schema, "version": report.version, "applied": report.applied})
    else:
        emit(Text(_told(report, schema, database)))


def _later(dsn: str, schema: str) -> None:
    """The command itself migrates the embedded server too, in order to tell of it."""


def _told(report: MigrationReport, schema: str, database: Database) -> str:
    where = f"schema {schema} of {database}"
    if not report.applied:
        return f"{where} is up to date (version {report.version})"
    return "\n".join([*(f"applied {name}" for name in report.applied), f"{where} is at version {report.version}"])
