"""``pooljobs demo``: ten thousand jobs, some of them nasty, and an audit of what became of them."""

from __future__ import annotations

from typing import Annotated

import typer

from pooljobs.exit_codes import ExitCode
from pooljobs_cli.command_group import add_command
from pooljobs_cli.command_names import SUMMARIES
from pooljobs_cli.common_options import Yes
from pooljobs_cli.help_text import teach

Jobs = Annotated[int, typer.Option("--jobs", min=20, max=1_000_000, metavar="N", help="Jobs to enqueue.")]
Procs = Annotated[int, typer.Option("--procs", min=1, max=64, metavar="N", help="Worker processes.")]
Dsn = Annotated[
    str | None, typer.Option("--dsn", metavar="DSN", help="Use this server instead of one of the demo's own.")
]

HELP = teach(
    SUMMARIES["demo"],
    "Enqueues jobs that are quick, slow, failing, hopeless, or kill their own process, runs real workers on them, and "
    "shows from an audit table whether any was lost or claimed twice. Without a DSN it starts a PostgreSQL of its "
    "own, kept in .pooljobs/demo; with one, it asks, unless you pass --yes, and works in the schema pooljobs_demo, "
    "which it makes and drops at the end.",
    examples=(
        "pooljobs demo",
        "pooljobs demo --jobs 2000 --procs 2",
        "pooljobs demo --dsn postgresql://me@localhost/test",
    ),
    codes=(ExitCode.DATABASE_UNREACHABLE, ExitCode.REFUSED, ExitCode.EMBEDDED, ExitCode.CHECK_FAILED),
)


def register(cli: typer.Typer) -> None:
    """Add the command to the command line."""
    add_command(cli, "demo", page=HELP)(run)


def run(jobs: Jobs = 10_000, procs: Procs = 8, *, dsn: Dsn = None, yes: Yes = False) -> None:
    """Run the demo."""
    from pooljobs_cli.demo.demo_run import run_demo
    from pooljobs_cli.staging.consent import consent, not_asked

    agree = consent("--dsn", yes=yes) if dsn else not_asked
    raise typer.Exit(run_demo(jobs=jobs, procs=procs, dsn=dsn, agree=agree))
