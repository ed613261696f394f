"""``pooljobs serve``: its options, and what they become."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

from pooljobs.exit_codes import ExitCode
from pooljobs.process.importing import uncollected
from pooljobs.settings import BOOT_TIMEOUT
from pooljobs_cli.arguments import serve_options as given
from pooljobs_cli.arguments.serve_settings import settings_of
from pooljobs_cli.command_group import add_command
from pooljobs_cli.command_names import SUMMARIES
from pooljobs_cli.common_options import chosen_dsn
from pooljobs_cli.help_text import DATABASE_CODES, teach

if TYPE_CHECKING:
    from pooljobs_cli.serving.launch import WorkerMain

HELP = teach(
    SUMMARIES["serve"],
    "The first Ctrl-C or SIGTERM lets them finish the jobs they have claimed; the "
    "second gives back what has not begun; the third kills. SIGQUIT kills at once. "
    "SIGHUP replaces the workers by ones with the new code, one by one; SIGTTIN and "
    "SIGTTOU add and take away one; SIGUSR1 logs what each is doing.",
    examples=(
        "pooljobs serve --app jobs:app --procs 8",
        "pooljobs serve --app shop.jobs:app --queues default:3,emails --log-format json",
    ),
    codes=(
        *DATABASE_CODES,
        ExitCode.APP,
        ExitCode.CONNECTION_BUDGET,
        ExitCode.REFUSED,
        ExitCode.WORKER_BOOT,
        ExitCode.DRAIN_TIMED_OUT,
        ExitCode.EXHAUSTED,
    ),
)


def register(cli: typer.Typer, load_worker: Callable[[], WorkerMain], *, show_traceback: bool) -> None:
    """Add the command to the command line; ``load_worker`` gives what each worker runs."""

    @add_command(cli, "serve", page=HELP)
    def serve(
        *,
        app: given.App,
        procs: given.Procs = 1,
        concurrency: given.Concurrency = given.DEFAULTS.concurrency,
        queues: given.Queues = None,
        until_empty: given.UntilEmpty = False,
        dsn: given.Dsn = None,
        embedded: given.Embedded = False,
        schema: given.Schema = "",
        connections: given.Connections = given.DEFAULTS.connections,
        pooler: given.Pooler = "none",
        durability: given.Durability = "strict",
        keep_history: given.KeepHistory = 0,
        log_format: given.Format = "text",
        log_level: given.Level = "info",
        log_jobs: given.LogJobs = "failed",
        time_limit: given.TimeLimit = given.DEFAULTS.time_limit,
        shutdown_timeout: given.ShutdownTimeout = 30.0,
        job_timeout: given.JobTimeout = given.DEFAULTS.job_timeout,
        unknown_after: given.UnknownAfter = given.DEFAULTS.unknown_after,
        max_crashes: given.MaxCrashes = given.DEFAULTS.max_crashes,
        max_losses: given.MaxLosses = given.DEFAULTS.max_losses,
        boot_timeout: given.BootTimeout = BOOT_TIMEOUT,
        preload: given.Preload = False,
        max_jobs_per_child: given.MaxJobs = 0,
        max_memory_per_child: given.MaxMemory = 0,
        batch_size: given.BatchSize = given.DEFAULTS.batch_size,
        adaptive: given.Adaptive = given.DEFAULTS.adaptive,
        max_batch_size: given.MaxBatchSize = given.DEFAULTS.max_batch_size,
        max_batch_bytes: given.MaxBatchBytes = given.DEFAULTS.max_batch_bytes,
        poll_interval: given.PollInterval = given.DEFAULTS.poll_interval,
        listen: given.Listen = True,
        reload: given.ReloadWhenChanged = False,
        reload_dir: given.ReloadDirs = None,
    ) -> None:
        """Run the workers."""
        settings = settings_of(locals())
        named = chosen_dsn(dsn, embedded=embedded)
        with uncollected():
            from pooljobs import logs
            from pooljobs_cli.serving.launch import launch

            worker_main = load_worker()
        logs.configure(log_format, log_level)
        logs.name_process("supervisor")
        raise typer.Exit(launch(settings, named, worker_main, all_queues=queues is None, show_traceback=show_traceback))
