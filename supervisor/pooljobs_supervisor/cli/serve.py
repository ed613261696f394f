"""``pooljobs serve``: checks the database, then hands over to the supervisor.

The supervisor's process opens no connection: whatever speaks to the database before the fork does so in a
short-lived child.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from logging import getLogger
from typing import Annotated

import typer

from pooljobs import logs
from pooljobs.child import Child
from pooljobs.db.migrate import migrate
from pooljobs.db.preflight import check, needed
from pooljobs.errors import AppLoadError
from pooljobs.exit_codes import ExitCode
from pooljobs.scoreboard import Scoreboard
from pooljobs.scoreboard.board import slots_for
from pooljobs.service import Database, open_database
from pooljobs.settings import MAX_BATCH, ServeSettings, WorkerSettings
from pooljobs_supervisor.cli.failures import guarded
from pooljobs_supervisor.cli.help_text import DATABASE_CODES, teach
from pooljobs_supervisor.cli.options import DEFAULT_SCHEMA, Dsn, Schema, names
from pooljobs_supervisor.runner import run_once
from pooljobs_supervisor.steward.main import steward_main
from pooljobs_supervisor.supervisor import Supervisor

WorkerMain = Callable[[ServeSettings, Child], int]

_DEFAULTS = WorkerSettings()
_log = getLogger("pooljobs.supervisor")

App = Annotated[str, typer.Option("--app", metavar="MODULE:ATTRIBUTE", help="The application, as a Python import.")]
Procs = Annotated[int, typer.Option("--procs", metavar="N", help="Worker processes.")]
Queues = Annotated[str, typer.Option("--queues", metavar="NAME[,…]", help="Queues to serve.")]
BatchSize = Annotated[int, typer.Option("--batch-size", metavar="N", help=f"Most jobs a claim takes, to {MAX_BATCH}.")]
PollInterval = Annotated[
    float, typer.Option("--poll-interval", metavar="SECONDS", help="Between looks at empty queues.")
]
JobTimeout = Annotated[
    float, typer.Option("--job-timeout", metavar="SECONDS", help="When a lost host's jobs may run elsewhere.")
]
Concurrency = Annotated[int, typer.Option("--concurrency", metavar="N", help="Handlers at a time in each worker.")]
ShutdownTimeout = Annotated[
    float, typer.Option("--shutdown-timeout", metavar="SECONDS", help="Longest drain, before what runs is killed.")
]
MaxCrashes = Annotated[int, typer.Option("--max-crashes", metavar="N", help="Crashes after which a job has failed.")]
Connections = Annotated[int, typer.Option("--connections", metavar="N", help="Database connections of each worker.")]
Format = Annotated[str, typer.Option("--log-format", metavar="text|json", help="Log lines for people or machines.")]
Level = Annotated[str, typer.Option("--log-level", metavar="LEVEL", help="debug, info, warning, error or critical.")]

HELP = teach(
    "Runs the workers until told to stop.",
    "The first Ctrl-C or SIGTERM lets them finish the jobs they have claimed; the "
    "second gives back what has not begun; the third kills.",
    examples=(
        "pooljobs serve --app examples.emails:app --procs 8",
        "pooljobs serve --app shop.jobs:app --queues default,emails --log-format json",
    ),
    codes=(
        *DATABASE_CODES,
        ExitCode.APP,
        ExitCode.CONNECTION_BUDGET,
        ExitCode.REFUSED,
        ExitCode.WORKER_BOOT,
        ExitCode.DRAIN_TIMED_OUT,
    ),
)


def register(cli: typer.Typer, worker_main: WorkerMain, *, show_traceback: bool) -> None:
    """Add the command to the command line; ``worker_main`` is what each worker runs."""

    @cli.command("serve", help=HELP)
    def serve(
        *,
        app: App,
        procs: Procs = 1,
        queues: Queues = "default",
        batch_size: BatchSize = _DEFAULTS.batch_size,
        poll_interval: PollInterval = _DEFAULTS.poll_interval,
        job_timeout: JobTimeout = _DEFAULTS.job_timeout,
        concurrency: Concurrency = _DEFAULTS.concurrency,
        shutdown_timeout: ShutdownTimeout = 30.0,
        max_crashes: MaxCrashes = _DEFAULTS.max_crashes,
        connections: Connections = _DEFAULTS.connections,
        dsn: Dsn = None,
        schema: Schema = DEFAULT_SCHEMA,
        log_format: Format = "text",
        log_level: Level = "info",
    ) -> None:
        """Run the workers."""
        logs.configure(log_format, log_level)
        logs.name_process("supervisor")
        worker = WorkerSettings(
            queues=names(queues),
            poll_interval=poll_interval,
            batch_size=batch_size,
            job_timeout=job_timeout,
            concurrency=concurrency,
            max_crashes=max_crashes,
            connections=connections,
        )
        settings = ServeSettings(
            dsn="", app=app, schema=schema, procs=procs, shutdown_timeout=shutdown_timeout, worker=worker
        )
        raise typer.Exit(run(settings, dsn, worker_main, show_traceback=show_traceback))


def run(settings: ServeSettings, dsn: str | None, worker_main: WorkerMain, *, show_traceback: bool) -> int:
    """Serve on the database that ``dsn`` means, and close the embedded server last; returns the exit code."""
    in_child = partial(_in_child, show_traceback=show_traceback)
    signal.signal(signal.SIGTERM, _leave)

    def prepare(found: str, schema: str) -> None:
        in_child(lambda: migrate(found, schema))

    with open_database(dsn, schema=settings.schema, prepare=prepare) as database:
        settled = replace(settings, dsn=database.dsn)
        in_child(lambda: _preflight(settled, database))
        code = _supervise(settled, worker_main)
        for number in (signal.SIGTERM, signal.SIGINT):  # all are gone; what is left must not be cut short
            signal.signal(number, signal.SIG_IGN)
    return code


def _in_child(action: Callable[[], object], *, show_traceback: bool) -> None:
    """Carry out ``action`` in a child, which tells its errors itself; leave with its exit code if it failed."""
    code = run_once(lambda: guarded(action, show_traceback=show_traceback))
    if code != ExitCode.OK:
        raise typer.Exit(code if code > 0 else 128 - code)


def _preflight(settings: ServeSettings, database: Database) -> None:
    """Check the database and say what is going to run where. Runs in a child."""
    server = check(settings)
    workers = "1 worker" if settings.procs == 1 else f"{settings.procs} workers"
    queues = ", ".join(settings.worker.queues)
    _log.info("pooljobs %s: %s for %s, queues: %s", version("pooljobs"), workers, settings.app, queues)
    _log.info("%s, schema %s, %s; up to %d connections", database, settings.schema, server, needed(settings))
    if database.embedded:
        _log.info("for a PostgreSQL server of your own set DATABASE_URL or pass --dsn")
    _log.info("Ctrl-C drains, a second one gives back what has not begun")


def _supervise(settings: ServeSettings, worker_main: WorkerMain) -> int:
    board = Scoreboard.create(slots_for(settings.procs), MAX_BATCH)
    supervisor = Supervisor(
        settings, board, worker=partial(_work, worker_main, settings), steward=partial(steward_main, settings)
    )
    return supervisor.run()


def _work(worker_main: WorkerMain, settings: ServeSettings, child: Child) -> int:
    """A worker's life; when the user's own code raised while it was imported, they need its traceback."""
    try:
        return worker_main(settings, child)
    except AppLoadError as error:
        if error.traceback:
            getLogger("pooljobs.worker").error("%s raised:\n%s", settings.app, error.traceback.rstrip())
        raise


def _leave(_number: int, _frame: object) -> None:
    """SIGTERM before the supervisor listens: nothing has been claimed, so just leave in order."""
    raise SystemExit(ExitCode.OK)
