"""``pooljobs serve``: its options, and what they become."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from pooljobs.exit_codes import ExitCode
from pooljobs.process.importing import uncollected
from pooljobs.settings import BOOT_TIMEOUT, MAX_BATCH, WorkerSettings
from pooljobs_cli.arguments.serve_settings import settings_of
from pooljobs_cli.command_names import SUMMARIES
from pooljobs_cli.common_options import Dsn, Embedded, chosen_dsn
from pooljobs_cli.help_text import DATABASE_CODES, teach

if TYPE_CHECKING:
    from pooljobs_cli.serving.launch import WorkerMain

_DEFAULTS = WorkerSettings()

App = Annotated[
    str,
    typer.Option(
        "--app",
        metavar="MODULE:ATTRIBUTE",
        help="The application, as a Python import; or MODULE:FUNCTION(), which makes it.",
    ),
]
Procs = Annotated[int, typer.Option("--procs", metavar="N", help="Worker processes.")]
Queues = Annotated[
    str | None,
    typer.Option(
        "--queues",
        metavar="NAME[:WEIGHT][,…]",
        help="Queues to serve.",
        show_default="all that the application declares",
    ),
]
BatchSize = Annotated[
    int, typer.Option("--batch-size", metavar="N", help="Jobs that the first claim takes; each, if not adaptive.")
]
Adaptive = Annotated[
    bool, typer.Option("--adaptive/--no-adaptive", help="Whether claims follow what the handlers take.")
]
MaxBatchSize = Annotated[
    int, typer.Option("--max-batch-size", metavar="N", help=f"Most jobs a claim takes, to {MAX_BATCH}.")
]
MaxBatchBytes = Annotated[
    int, typer.Option("--max-batch-bytes", metavar="N", help="Most bytes of payloads that a worker takes at a time.")
]
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
BootTimeout = Annotated[
    float, typer.Option("--boot-timeout", metavar="SECONDS", help="Longest import of the application, or start.")
]
MaxCrashes = Annotated[int, typer.Option("--max-crashes", metavar="N", help="Crashes after which a job has failed.")]
TimeLimit = Annotated[
    float, typer.Option("--time-limit", metavar="SECONDS", help="Of a run whose handler declares none; 0: no limit.")
]
UnknownAfter = Annotated[
    float, typer.Option("--unknown-after", metavar="SECONDS", help="How long a job waits for code that takes it.")
]
MaxLosses = Annotated[
    int, typer.Option("--max-losses", metavar="N", help="Losses of its host after which a job has failed.")
]
MaxJobs = Annotated[
    int, typer.Option("--max-jobs-per-child", metavar="N", help="Jobs after which a worker is replaced; 0: never.")
]
MaxMemory = Annotated[
    int, typer.Option("--max-memory-per-child", metavar="MB", help="Memory at which a worker is replaced; 0: never.")
]
KeepHistory = Annotated[
    int, typer.Option("--keep-history", metavar="DAYS", help="Days that ended jobs are kept; 0: for ever.")
]
Connections = Annotated[int, typer.Option("--connections", metavar="N", help="Database connections of each worker.")]
Durability = Annotated[
    str, typer.Option("--durability", metavar="strict|relaxed", help="Whether results wait for the server's disk.")
]
Listen = Annotated[bool, typer.Option("--listen/--no-listen", help="Hear of new jobs at once, or by polling alone.")]
Preload = Annotated[
    bool, typer.Option("--preload", help="Import the application once, before workers are forked. Linux only.")
]
UntilEmpty = Annotated[
    bool, typer.Option("--until-empty", help="End once no job of the queues is due or running, with exit code 0.")
]
ReloadWhenChanged = Annotated[
    bool, typer.Option("--reload", help="For development: reload when a Python file below this directory changes.")
]
ReloadDirs = Annotated[
    list[str] | None,
    typer.Option("--reload-dir", metavar="DIR", help="Reload when one below DIR changes; may be given again."),
]
Pooler = Annotated[
    str, typer.Option("--pooler", metavar="none|session", help="Whether the DSN leads to a pooler, in session mode.")
]
Format = Annotated[str, typer.Option("--log-format", metavar="text|json", help="Log lines for people or machines.")]
LogJobs = Annotated[
    str, typer.Option("--log-jobs", metavar="none|failed|all", help="Jobs of which the log says how they ended.")
]
Schema = Annotated[
    str, typer.Option("--schema", metavar="NAME", help="Schema of the tables.", show_default="the application's")
]
Level = Annotated[str, typer.Option("--log-level", metavar="LEVEL", help="debug, info, warning, error or critical.")]

HELP = teach(
    SUMMARIES["serve"],
    "The first Ctrl-C or SIGTERM lets them finish the jobs they have claimed; the "
    "second gives back what has not begun; the third kills. SIGQUIT kills at once. "
    "SIGHUP replaces the workers by ones with the new code, one by one; SIGTTIN and "
    "SIGTTOU add and take away one; SIGUSR1 logs what each is doing.",
    examples=(
        "pooljobs serve --app examples.emails:app --procs 8",
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

    @cli.command("serve", help=HELP)
    def serve(
        *,
        app: App,
        procs: Procs = 1,
        queues: Queues = None,
        batch_size: BatchSize = _DEFAULTS.batch_size,
        adaptive: Adaptive = _DEFAULTS.adaptive,
        max_batch_size: MaxBatchSize = _DEFAULTS.max_batch_size,
        max_batch_bytes: MaxBatchBytes = _DEFAULTS.max_batch_bytes,
        poll_interval: PollInterval = _DEFAULTS.poll_interval,
        job_timeout: JobTimeout = _DEFAULTS.job_timeout,
        concurrency: Concurrency = _DEFAULTS.concurrency,
        shutdown_timeout: ShutdownTimeout = 30.0,
        boot_timeout: BootTimeout = BOOT_TIMEOUT,
        max_crashes: MaxCrashes = _DEFAULTS.max_crashes,
        max_losses: MaxLosses = _DEFAULTS.max_losses,
        connections: Connections = _DEFAULTS.connections,
        durability: Durability = _DEFAULTS.durability,
        time_limit: TimeLimit = _DEFAULTS.time_limit,
        unknown_after: UnknownAfter = _DEFAULTS.unknown_after,
        max_jobs_per_child: MaxJobs = 0,
        max_memory_per_child: MaxMemory = 0,
        keep_history: KeepHistory = 0,
        listen: Listen = True,
        preload: Preload = False,
        until_empty: UntilEmpty = False,
        reload: ReloadWhenChanged = False,
        reload_dir: ReloadDirs = None,
        pooler: Pooler = "none",
        dsn: Dsn = None,
        embedded: Embedded = False,
        schema: Schema = "",
        log_format: Format = "text",
        log_level: Level = "info",
        log_jobs: LogJobs = _DEFAULTS.log_jobs,
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
