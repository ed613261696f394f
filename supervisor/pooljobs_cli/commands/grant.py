"""``pooljobs grant``: what a database role needs in order to enqueue, to work or to look."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from pooljobs.errors import OptionError
from pooljobs.exit_codes import ExitCode
from pooljobs.process.importing import uncollected
from pooljobs.schema_name import check_schema
from pooljobs_cli.command_database import announce, migrating_told
from pooljobs_cli.command_group import add_command
from pooljobs_cli.command_names import SUMMARIES
from pooljobs_cli.common_options import DEFAULT_SCHEMA, Dsn, Embedded, Schema, chosen_dsn
from pooljobs_cli.help_text import DATABASE_CODES, teach
from pooljobs_cli.output.console import emit_lines, write

HELP = teach(
    SUMMARIES["grant"],
    "An enqueuer stores and cancels jobs and sees no payload, a worker runs them (serve, jobs retry), a viewer looks "
    "(jobs list, jobs show, stats). A role may be several. The role is made by CREATE ROLE, which is not done here.\n\n"
    "Printed, because rights are mostly given by somebody else than who has this DSN, who will want to read them "
    "first; pipe it into psql, or keep it beside your migrations.",
    examples=(
        "pooljobs grant shop_web --as enqueuer",
        "pooljobs grant shop_worker --as worker --run --dsn postgresql://owner@localhost/shop",
        "pooljobs grant grafana --as viewer | psql shop",
    ),
    codes=(*DATABASE_CODES, ExitCode.NOT_FOUND, ExitCode.REFUSED),
)

Role = Annotated[str, typer.Argument(metavar="ROLE", help="The database role's name, as it is.")]
Purpose = Annotated[
    Literal["enqueuer", "worker", "viewer"],
    typer.Option("--as", metavar="enqueuer|worker|viewer", case_sensitive=False, help="What it is for."),
]
Run = Annotated[bool, typer.Option("--run", help="Carry it out; needs the schema's owner.")]


def register(cli: typer.Typer) -> None:
    """Add the command to the command line."""
    add_command(cli, "grant", page=HELP)(run)


def run(
    role: Role,
    *,
    purpose: Purpose,
    carry_out: Run = False,
    dsn: Dsn = None,
    embedded: Embedded = False,
    schema: Schema = DEFAULT_SCHEMA,
) -> None:
    """Grant a role its rights."""
    with uncollected():
        from pooljobs.db.database import open_database
        from pooljobs.db.schema.grants import grant, granting

    check_schema(schema)
    if not role or "\0" in role:
        raise OptionError(f"{role!r} is no name of a role")
    if not carry_out:
        write(granting(schema, role, purpose) + "\n")
        return
    with open_database(chosen_dsn(dsn, embedded=embedded), schema=schema) as database:
        announce(database)
        with migrating_told(database, schema):
            where = database.told(grant(database.dsn, schema, role, purpose))
        emit_lines([f"{role} is {purpose} of schema {schema} of {where}"])
