"""``pooljobs chaos``: breaks whatever can break around real workers, then checks that no job was harmed."""

from __future__ import annotations

import secrets
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from pooljobs.errors import OptionError
from pooljobs.exit_codes import ExitCode
from pooljobs_cli.command_group import add_command
from pooljobs_cli.command_names import SUMMARIES
from pooljobs_cli.common_options import AsJson, Yes, names
from pooljobs_cli.help_text import teach
from pooljobs_cli.output.console import emit, emit_json, progress_console, say

if TYPE_CHECKING:
    from rich.progress import Progress

    from pooljobs_cli.chaos.chaos_report import ChaosReport
    from pooljobs_cli.chaos.chaos_settings import ChaosSettings
    from pooljobs_cli.chaos.schedule import Kind
    from pooljobs_cli.chaos.storms import Storm

Seed = Annotated[
    int | None, typer.Option("--seed", metavar="N", help="Repeats the plan of another run.", show_default="random")
]
Duration = Annotated[
    float, typer.Option("--duration", min=1.0, max=86400.0, metavar="SECS", help="How long harm is done.")
]
Procs = Annotated[int, typer.Option("--procs", min=1, max=16, metavar="N", help="Worker processes of each host.")]
Hosts = Annotated[int, typer.Option("--hosts", min=1, max=4, metavar="N", help="Supervisors.")]
Rate = Annotated[
    float, typer.Option("--jobs-per-second", min=1.0, max=50_000.0, metavar="N", help="Jobs to enqueue a second.")
]
Dsn = Annotated[str | None, typer.Option("--dsn", metavar="DSN", help="Use this server instead of one of its own.")]
Only = Annotated[
    str, typer.Option("--only", metavar="HARM[,…]", help="Only these harms, e.g. kill-worker,silence-connections.")
]
StormName = Annotated[
    str | None,
    typer.Option("--storm", metavar="STORM", help="One harm each second: bad-jobs, workers or stewards; see below."),
]
Beside = Annotated[
    str | None,
    typer.Option("--beside", metavar="PATH", help="The pooljobs command of another version, to run some of the hosts."),
]
Pgbouncer = Annotated[
    bool, typer.Option("--pgbouncer", help="Enqueue and cancel through a PgBouncer of its own in transaction mode.")
]
Verbose = Annotated[bool, typer.Option("--verbose", help="Print each event.")]

HELP = teach(
    SUMMARIES["chaos"],
    "Jobs are enqueued and run meanwhile; at the end each must be accounted for, and each rerun must have a cause. "
    "Without a DSN it starts a PostgreSQL of its own, which it also crashes and fills with connections; with one, it "
    "asks, unless you pass --yes, works in the schema pooljobs_chaos, which it makes and drops at the end, and cuts no "
    "connections but its own. Load and plan "
    "follow from the seed; the timing of processes does not. In a storm (one job in a hundred ends its process; a "
    "worker, or a steward, is killed each second) harmless jobs must be done, and 99 of 100 begin within a second.",
    examples=(
        "pooljobs chaos --duration 30",
        "pooljobs chaos --seed 7 --duration 600 --jobs-per-second 2000 --verbose",
        "pooljobs chaos --storm bad-jobs --hosts 1 --procs 4",
        "pooljobs chaos --dsn postgresql://me@localhost/test --yes",
        "pooljobs chaos --beside ../before/.venv/bin/pooljobs",
        "pooljobs chaos --pgbouncer --only kill-pooler,restart-server",
    ),
    codes=(
        ExitCode.DATABASE_UNREACHABLE,
        ExitCode.NOT_MIGRATED,
        ExitCode.REFUSED,
        ExitCode.EMBEDDED,
        ExitCode.CHECK_FAILED,
    ),
)


def register(cli: typer.Typer) -> None:
    """Add the command to the command line."""
    add_command(cli, "chaos", page=HELP)(run)


def run(
    *,
    seed: Seed = None,
    duration: Duration = 60.0,
    procs: Procs = 2,
    hosts: Hosts = 2,
    jobs_per_second: Rate = 200.0,
    dsn: Dsn = None,
    only: Only = "",
    storm: StormName = None,
    beside: Beside = None,
    pgbouncer: Pgbouncer = False,
    yes: Yes = False,
    verbose: Verbose = False,
    as_json: AsJson = False,
) -> None:
    """Run chaos."""
    from pooljobs_cli.chaos.chaos_settings import ChaosSettings

    settings = ChaosSettings(
        seed=secrets.randbelow(1_000_000) if seed is None else seed,
        duration=duration,
        procs=procs,
        hosts=hosts,
        rate=jobs_per_second,
        dsn=dsn,
        only=tuple(_kind(name) for name in names(only)) if only else (),
        storm=_storm(storm) if storm else None,
        beside=beside,
        pgbouncer=pgbouncer,
    )
    say(f"seed {settings.seed}")
    report = _carry_out(settings, yes=yes, verbose=verbose)
    if as_json:
        emit_json(report.as_json())
    else:
        emit(report.as_text())
    raise typer.Exit(ExitCode.OK if report.holds else ExitCode.CHECK_FAILED)


def _carry_out(settings: ChaosSettings, *, yes: bool, verbose: bool) -> ChaosReport:
    """Meanwhile it is shown how far it is."""
    from pooljobs_cli.chaos.chaos_run import run_chaos
    from pooljobs_cli.staging.consent import consent, not_asked

    progress = _progress()
    with ExitStack() as stack:
        stack.callback(progress.stop)
        task = progress.add_task("chaos", total=settings.duration, told="")

        def show(seconds: float, events: int, left: int) -> None:
            progress.start()
            told = f"{events} events" if seconds < settings.duration else "draining"
            progress.update(task, completed=seconds, told=f"{told}, {max(left, 0):,} jobs not ended")

        agree = consent("--dsn", yes=yes) if settings.dsn else not_asked
        return run_chaos(settings, agree, say if verbose else lambda _text: None, show)


def _kind(name: str) -> Kind:
    """The harm of this name.

    Raises:
        OptionError: There is none.
    """
    from pooljobs_cli.chaos.schedule import Kind

    known = {kind.name.lower().replace("_", "-"): kind for kind in Kind}
    if name not in known:
        raise OptionError(f"--only: there is no harm {name!r}", hint=f"there are: {', '.join(known)}")
    return known[name]


def _storm(name: str) -> Storm:
    """The storm of this name.

    Raises:
        OptionError: There is none.
    """
    from pooljobs_cli.chaos.storms import STORMS

    if name not in STORMS:
        raise OptionError(f"--storm: there is no storm {name!r}", hint=f"there are: {', '.join(STORMS)}")
    return STORMS[name]


def _progress() -> Progress:
    from rich.progress import BarColumn, Progress, TextColumn

    return Progress(
        BarColumn(bar_width=24),
        TextColumn("{task.completed:.0f}/{task.total:.0f} s  {task.fields[told]}", markup=False),
        console=progress_console(),
        disable=not sys.stderr.isatty(),
        refresh_per_second=4,
    )
