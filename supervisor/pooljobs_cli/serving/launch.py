"""Carries ``pooljobs serve`` out: checks the database, then hands over to the supervisor.

The supervisor's process opens no connection: whatever speaks to the database before the fork does so in a
short-lived child.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from logging import ERROR, getLogger

import typer

from pooljobs import logs
from pooljobs.application.loading import load_app
from pooljobs.db.connection_budget import needed
from pooljobs.db.database import Database, open_database
from pooljobs.db.schema.migrator import migrate
from pooljobs.db.schema.preflight import check
from pooljobs.errors import AppLoadError
from pooljobs.exit_codes import ExitCode
from pooljobs.process import open_files
from pooljobs.process.child import Child
from pooljobs.process.standard_output import forgive_lost_readers
from pooljobs.process.title import set_title
from pooljobs.scoreboard import Scoreboard
from pooljobs.scoreboard.board import slots_for
from pooljobs.settings import MAX_BATCH, ServeSettings
from pooljobs_cli.command_database import migrating_told
from pooljobs_cli.command_failures import guarded
from pooljobs_cli.serving import bytecode
from pooljobs_cli.serving.app_declarations import ask_app
from pooljobs_cli.serving.early_signals import hand_over
from pooljobs_steward.main import steward_main
from pooljobs_supervisor.fleet import file_budget
from pooljobs_supervisor.forking.one_shot import LateError, run_once
from pooljobs_supervisor.supervisor import Supervisor
from pooljobs_supervisor.zygote.fork_safe_loading import load_to_fork
from pooljobs_supervisor.zygote.subreaper import require_adoption

WorkerMain = Callable[[ServeSettings, Child], int]

_log = getLogger("pooljobs.supervisor")


def launch(
    settings: ServeSettings, dsn: str | None, worker_main: WorkerMain, *, all_queues: bool, show_traceback: bool
) -> int:
    """Serve on the database that ``dsn`` means, or else the application, and close the embedded server last.

    With ``all_queues`` those are served that the application declares now, whatever the settings say. An empty
    ``settings.schema`` means the application's. Returns the exit code.
    """
    open_files.require(file_budget.needed(settings), f"a fleet of {_workers(settings.procs)}")
    in_child = partial(_in_child, show_traceback=show_traceback)
    forgive_lost_readers()
    if settings.reload_dirs:
        bytecode.write_none()
    else:
        bytecode.keep_none_of_new_source()
    if settings.preload:
        require_adoption()

    def prepare(found: str, schema: str) -> None:
        in_child(lambda: migrate(found, schema))

    in_bounds = partial(_in_child, show_traceback=show_traceback, limit=settings.boot_timeout)
    with _lateness_told(settings):
        place = ask_app(settings.app, in_bounds, load_to_fork if settings.preload else load_app)
    schema = settings.schema or place.schema
    source = "--dsn" if dsn else f"PoolJobs(dsn=…) in {settings.app}"
    with open_database(dsn or place.dsn, schema=schema, prepare=prepare, source=source) as database:
        worker = replace(settings.worker, queues=place.queues, weights=()) if all_queues else settings.worker
        settled = replace(settings, dsn=database.dsn, schema=schema, worker=worker)
        in_child(lambda: _preflight(settled, database))
        return _supervise(settled, worker_main)


@contextmanager
def _lateness_told(settings: ServeSettings) -> Iterator[None]:
    try:
        yield
    except LateError as error:
        raise AppLoadError(
            f"importing {settings.app} is not done after {settings.boot_timeout:g} s",
            hint="what an import waits for must have an end; if it only takes long: --boot-timeout",
            traceback=str(error),
        ) from None


def _in_child(action: Callable[[], object], *, show_traceback: bool, limit: float | None = None) -> None:
    """Carry out ``action`` in a child, which tells its errors itself; leave with its exit code if it failed."""
    code = run_once(lambda: guarded(action, show_traceback=show_traceback), limit=limit)
    if code != ExitCode.OK:
        raise typer.Exit(code if code > 0 else 128 - code)


def _preflight(settings: ServeSettings, database: Database) -> None:
    """Check the database and say what is going to run where. Runs in a child."""
    with migrating_told(database, settings.schema):
        server = check(settings)
    queues = ", ".join(_told(settings.worker.shares))
    _log.info("pooljobs %s: %s for %s, queues: %s", version("pooljobs"), _workers(settings.procs), settings.app, queues)
    where, most = database.told(server.place), needed(settings, settings.procs)
    _log.info("%s, schema %s, %s; up to %d connections", where, settings.schema, server.version, most)
    if database.warning:
        _log.warning("%s; for a PostgreSQL server of your own set DATABASE_URL or pass --dsn", database.warning)
    for left in database.left:
        _log.warning("%s", left)
    _log.info("Ctrl-C drains, a second one gives back what has not begun")


def _workers(procs: int) -> str:
    return "1 worker" if procs == 1 else f"{procs} workers"


def _told(shares: Mapping[str, int]) -> list[str]:
    return [name if weight == 1 else f"{name}:{weight}" for name, weight in shares.items()]


def _supervise(settings: ServeSettings, worker_main: WorkerMain) -> int:
    set_title("supervisor", settings.app)
    board = Scoreboard.create(slots_for(settings.procs), MAX_BATCH)
    supervisor = Supervisor(
        settings,
        board,
        worker=partial(_work, worker_main, settings),
        steward=partial(_look_after, settings),
        terminal=logs.terminal(),
        preload=partial(_load, settings) if settings.preload else None,
    )
    hand_over()
    return supervisor.run()


def _work(worker_main: WorkerMain, settings: ServeSettings, child: Child) -> int:
    """A worker's life."""
    set_title(f"worker-{child.slot.ordinal}", settings.app)
    with _traceback_told("pooljobs.worker", settings.app):
        return worker_main(settings, child)


def _look_after(settings: ServeSettings, child: Child) -> int:
    """The steward's life."""
    set_title("steward", settings.app)
    return steward_main(settings, child)


def _load(settings: ServeSettings) -> None:
    """A zygote's first step; workers that it forks find the application imported."""
    set_title("zygote", settings.app)
    forgive_lost_readers()
    with _traceback_told("pooljobs.zygote", settings.app):
        load_to_fork(settings.app)


@contextmanager
def _traceback_told(logger: str, app: str) -> Iterator[None]:
    """When the user's own code raised while it was imported, they need its traceback."""
    try:
        yield
    except AppLoadError as error:
        if error.traceback:
            log = getLogger(logger)
            trail = error.traceback.rstrip()
            log.handle(log.makeRecord(logger, ERROR, __file__, 0, "%s raised:", (app,), None, sinfo=trail))
        raise
