"""The options of ``pooljobs serve``, under the headings of its help: what people set most comes first."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import typer

from pooljobs.settings import MAX_BATCH, WorkerSettings
from pooljobs_cli.common_options import dsn_option, embedded_option
from pooljobs_cli.completion.completion_values import several_queues

DEFAULTS: Final = WorkerSettings()

_RUNS, _DATABASE, _LOG, _LIMITS, _CHILDREN, _CLAIMS, _DEVELOPMENT = (
    "What runs",
    "Database",
    "Log",
    "Limits of jobs and drains",
    "Worker processes",
    "How jobs are claimed",
    "For development",
)

App = Annotated[
    str,
    typer.Option(
        "--app",
        metavar="MODULE:ATTRIBUTE",
        help="The application, as a Python import; or MODULE:FUNCTION(), which makes it.",
        rich_help_panel=_RUNS,
    ),
]
Procs = Annotated[int, typer.Option("--procs", metavar="N", help="Worker processes.", rich_help_panel=_RUNS)]
Concurrency = Annotated[
    int, typer.Option("--concurrency", metavar="N", help="Handlers at a time in each worker.", rich_help_panel=_RUNS)
]
Queues = Annotated[
    str | None,
    typer.Option(
        "--queues",
        metavar="NAME[:WEIGHT][,…]",
        help="Queues to serve.",
        show_default="all that the application declares",
        autocompletion=several_queues,
        rich_help_panel=_RUNS,
    ),
]
UntilEmpty = Annotated[
    bool,
    typer.Option(
        "--until-empty",
        help="End once no job of the queues is due or running, with exit code 0.",
        rich_help_panel=_RUNS,
    ),
]
Dsn = Annotated[str | None, dsn_option(_DATABASE)]
Embedded = Annotated[bool, embedded_option(_DATABASE)]
Schema = Annotated[
    str,
    typer.Option(
        "--schema",
        metavar="NAME",
        help="Schema of the tables.",
        show_default="the application's",
        rich_help_panel=_DATABASE,
    ),
]
Connections = Annotated[
    int,
    typer.Option("--connections", metavar="N", help="Database connections of each worker.", rich_help_panel=_DATABASE),
]
Pooler = Annotated[
    Literal["none", "session"],
    typer.Option(
        "--pooler",
        metavar="none|session",
        case_sensitive=False,
        help="Whether the DSN leads to a pooler, in session mode.",
        rich_help_panel=_DATABASE,
    ),
]
Durability = Annotated[
    Literal["strict", "relaxed"],
    typer.Option(
        "--durability",
        metavar="strict|relaxed",
        case_sensitive=False,
        help="Whether results wait for the server's disk.",
        rich_help_panel=_DATABASE,
    ),
]
KeepHistory = Annotated[
    int,
    typer.Option(
        "--keep-history",
        metavar="DAYS",
        help="How long ended jobs are kept.",
        show_default="0, for ever",
        rich_help_panel=_DATABASE,
    ),
]
Format = Annotated[
    Literal["text", "json"],
    typer.Option(
        "--log-format",
        metavar="text|json",
        case_sensitive=False,
        help="Log lines for people or machines.",
        rich_help_panel=_LOG,
    ),
]
Level = Annotated[
    Literal["debug", "info", "warning", "error", "critical"],
    typer.Option(
        "--log-level",
        metavar="LEVEL",
        case_sensitive=False,
        help="Least that is logged: debug, info, warning, error, critical.",
        rich_help_panel=_LOG,
    ),
]
LogJobs = Annotated[
    Literal["none", "failed", "all"],
    typer.Option(
        "--log-jobs",
        metavar="none|failed|all",
        case_sensitive=False,
        help="Jobs of which the log says how they ended.",
        rich_help_panel=_LOG,
    ),
]
TimeLimit = Annotated[
    float,
    typer.Option(
        "--time-limit",
        metavar="SECONDS",
        help="Longest run of a handler that declares no limit itself.",
        show_default="0, no limit",
        rich_help_panel=_LIMITS,
    ),
]
ShutdownTimeout = Annotated[
    float,
    typer.Option(
        "--shutdown-timeout",
        metavar="SECONDS",
        help="Longest drain, before what runs is killed.",
        rich_help_panel=_LIMITS,
    ),
]
JobTimeout = Annotated[
    float,
    typer.Option(
        "--job-timeout", metavar="SECONDS", help="When a lost host's jobs may run elsewhere.", rich_help_panel=_LIMITS
    ),
]
UnknownAfter = Annotated[
    float,
    typer.Option(
        "--unknown-after",
        metavar="SECONDS",
        help="How long a job waits for code that takes it.",
        rich_help_panel=_LIMITS,
    ),
]
MaxCrashes = Annotated[
    int,
    typer.Option("--max-crashes", metavar="N", help="Crashes after which a job has failed.", rich_help_panel=_LIMITS),
]
MaxLosses = Annotated[
    int,
    typer.Option(
        "--max-losses", metavar="N", help="Losses of its host after which a job has failed.", rich_help_panel=_LIMITS
    ),
]
BootTimeout = Annotated[
    float,
    typer.Option(
        "--boot-timeout",
        metavar="SECONDS",
        help="Longest import of the application, or start.",
        rich_help_panel=_CHILDREN,
    ),
]
Preload = Annotated[
    bool,
    typer.Option(
        "--preload",
        help="Import the application once, before workers are forked. Linux only.",
        rich_help_panel=_CHILDREN,
    ),
]
MaxJobs = Annotated[
    int,
    typer.Option(
        "--max-jobs-per-child",
        metavar="N",
        help="Jobs after which a worker is replaced.",
        show_default="0, never",
        rich_help_panel=_CHILDREN,
    ),
]
MaxMemory = Annotated[
    int,
    typer.Option(
        "--max-memory-per-child",
        metavar="MB",
        help="Memory at which a worker is replaced. Linux only.",
        show_default="0, never",
        rich_help_panel=_CHILDREN,
    ),
]
BatchSize = Annotated[
    int,
    typer.Option(
        "--batch-size",
        metavar="JOBS",
        help="What the first claim takes; each, if they are not adaptive.",
        rich_help_panel=_CLAIMS,
    ),
]
Adaptive = Annotated[
    bool,
    typer.Option(
        "--adaptive/--no-adaptive", help="Whether claims follow what the handlers take.", rich_help_panel=_CLAIMS
    ),
]
MaxBatchSize = Annotated[
    int,
    typer.Option(
        "--max-batch-size", metavar="JOBS", help=f"Most that a claim takes, to {MAX_BATCH}.", rich_help_panel=_CLAIMS
    ),
]
MaxBatchBytes = Annotated[
    int,
    typer.Option(
        "--max-batch-bytes",
        metavar="BYTES",
        help="Most payload that a worker takes at a time.",
        show_default=f"{DEFAULTS.max_batch_bytes}, {DEFAULTS.max_batch_bytes >> 20} MiB",
        rich_help_panel=_CLAIMS,
    ),
]
PollInterval = Annotated[
    float,
    typer.Option("--poll-interval", metavar="SECONDS", help="Between looks at empty queues.", rich_help_panel=_CLAIMS),
]
Listen = Annotated[
    bool,
    typer.Option(
        "--listen/--no-listen", help="Hear of new jobs at once, or by polling alone.", rich_help_panel=_CLAIMS
    ),
]
ReloadWhenChanged = Annotated[
    bool,
    typer.Option(
        "--reload",
        help="Reload when a Python file below this directory changes.",
        rich_help_panel=_DEVELOPMENT,
    ),
]
ReloadDirs = Annotated[
    list[str] | None,
    typer.Option(
        "--reload-dir",
        metavar="DIR",
        help="Reload when one below DIR changes; may be given again.",
        rich_help_panel=_DEVELOPMENT,
    ),
]
