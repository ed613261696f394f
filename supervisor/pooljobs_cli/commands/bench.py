"""``pooljobs bench``: how fast this database and this machine are together, and what bounds them."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from pooljobs.exit_codes import ExitCode
from pooljobs_cli.command_database import announce
from pooljobs_cli.command_group import add_command
from pooljobs_cli.command_names import SUMMARIES
from pooljobs_cli.common_options import AsJson, Dsn, Embedded, Yes, chosen_dsn
from pooljobs_cli.help_text import teach
from pooljobs_cli.output.console import emit, emit_json, progress_console

if TYPE_CHECKING:
    from rich.progress import Progress

Jobs = Annotated[int, typer.Option("--jobs", min=2_000, max=10_000_000, metavar="N", help="Jobs to enqueue and drain.")]
Procs = Annotated[int, typer.Option("--procs", min=1, max=512, metavar="N", help="Worker processes.")]
IdleJobs = Annotated[
    int, typer.Option("--idle-jobs", min=1, max=100_000, metavar="N", help="Jobs one at a time, for the idle latency.")
]

HELP = teach(
    SUMMARIES["bench"],
    "Enqueues jobs that do nothing, one at a time and in bulk, drains them with real workers, then enqueues into the "
    "idle fleet; times a round trip and a commit; and tells from all this whether the server's processors, commits, "
    "round trips or the workers' own processors are the limit. It takes some ten seconds of full load: it says on "
    "which database, and asks unless you pass --yes. It works in the schema pooljobs_bench, made for it and dropped at "
    "the end, also after Ctrl-C or an error; your jobs and tables are not touched. For figures to compare versions by, "
    "see bench/README.md in the repository.",
    examples=(
        "pooljobs bench --dsn postgresql://me@localhost/shop",
        "pooljobs bench --procs 8 --jobs 200000 --yes",
        "pooljobs bench --json",
    ),
    codes=(
        ExitCode.DATABASE_UNREACHABLE,
        ExitCode.DATABASE_UNSUPPORTED,
        ExitCode.CONNECTION_BUDGET,
        ExitCode.REFUSED,
        ExitCode.EMBEDDED,
        ExitCode.WORKER_BOOT,
    ),
)


def register(cli: typer.Typer) -> None:
    """Add the command to the command line."""
    add_command(cli, "bench", page=HELP)(run)


def run(
    jobs: Jobs = 50_000,
    procs: Procs = 2,
    *,
    idle_jobs: IdleJobs = 50,
    dsn: Dsn = None,
    embedded: Embedded = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Run the bench."""
    from pooljobs.db.database import open_database
    from pooljobs_cli.bench.bench_report import told
    from pooljobs_cli.bench.bench_run import BenchSettings, run_bench
    from pooljobs_cli.bench.judgement import judge
    from pooljobs_cli.staging.consent import consent, not_asked

    progress = _progress()
    with open_database(chosen_dsn(dsn, embedded=embedded), prepare=_nothing) as database, ExitStack() as stack:
        announce(database)
        stack.callback(progress.stop)
        task = progress.add_task("", total=1.0)

        def show(what: str, share: float) -> None:
            progress.start()
            progress.update(task, description=what, completed=share)

        agree = not_asked if database.embedded else consent(database.source, yes=yes)
        figures = run_bench(database.dsn, BenchSettings(jobs, procs, idle_jobs), agree, show)
    judgement = judge(figures)
    if as_json:
        emit_json({**figures.as_json(), "bound": judgement.bound.value, "why": judgement.text})
    else:
        emit(told(figures, judgement))


def _nothing(dsn: str, schema: str) -> None:
    """The embedded server is used as it is: the bench has a schema of its own."""


def _progress() -> Progress:
    from rich.progress import BarColumn, Progress, TextColumn

    return Progress(
        TextColumn("{task.description:16}", markup=False),
        BarColumn(bar_width=24),
        console=progress_console(),
        disable=not sys.stderr.isatty(),
        transient=True,
        refresh_per_second=8,
    )
