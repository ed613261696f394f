"""What a supervisor and all its children are told."""

from __future__ import annotations

from dataclasses import dataclass, field

from pooljobs.settings.bounds import BOOT_TIMEOUT, LARGEST, LONGEST_WAIT_SECS, POOLERS
from pooljobs.settings.setting import Panel, check, setting
from pooljobs.settings.worker_settings import WorkerSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeSettings:
    """Settings of a supervisor and all its children; what each means is said by its field. They stand in the order of
    the help, under its headings; there the workers' come where ``worker`` stands.

    Attributes:
        dsn: libpq connection string of the database.
        worker: What each worker is told.
        reload_dirs: Directories below which a change of a file of Python reloads.

    Raises:
        OptionError: A value is out of its range.
    """

    dsn: str = field(repr=False)  # a password may be in it
    app: str = setting(
        Panel.RUNS,
        "The application, as a Python import; or MODULE:FUNCTION(), which makes it.",
        docs="`module:attribute` of the application, from the working directory; the attribute may be left out if it "
        "is `app`; with `'module:function()'` the function makes it, in each worker",
        metavar="MODULE:ATTRIBUTE",
    )
    procs: int = setting(Panel.RUNS, "Worker processes.", docs="worker processes", default=1, least=1, most=512)
    schema: str = setting(
        Panel.DATABASE,
        "Schema of the tables.",
        docs="the schema of pooljobs' tables",
        default="pooljobs",
        metavar="NAME",
        usual="the application's",
        by_app=True,
    )
    pooler: str = setting(
        Panel.DATABASE,
        "Whether the DSN leads to a pooler, in session mode.",
        docs="`session`: the DSN leads to a pooler that gives each client a session of its own; behind any other the "
        "fleet does not start",
        default="none",
        choices=POOLERS,
    )
    shutdown_timeout: float = setting(
        Panel.LIMITS,
        "Longest drain, before what runs is killed.",
        docs="seconds that a drain may take, before what still runs is killed",
        default=30.0,
        unit="seconds",
        least=0.0,
        most=LONGEST_WAIT_SECS,
    )
    worker: WorkerSettings = field(default_factory=WorkerSettings)
    until_empty: bool = setting(
        Panel.RUNS,
        "End once no job of the queues is due or running, with exit code 0.",
        docs="end by itself once [nothing is left to do](scripts.md), for CI, scripts and cron",
        default=False,
    )
    keep_history: int = setting(
        Panel.DATABASE,
        "How long ended jobs are kept.",
        docs="days (UTC) before today for which ended jobs are [kept](#old-jobs); 0 for ever",
        default=0,
        unit="days",
        least=0,
        most=36_525,
        usual="0, for ever",
    )
    boot_timeout: float = setting(
        Panel.CHILDREN,
        "Longest import of the application, or start.",
        docs="seconds that importing the application may take, and a worker's start without a sign of life; then it "
        "is killed, and the log says where it hangs",
        default=BOOT_TIMEOUT,
        unit="seconds",
        least=1.0,
        most=LONGEST_WAIT_SECS,
    )
    preload: bool = setting(
        Panel.CHILDREN,
        "Import the application once, before workers are forked. Linux only.",
        docs="import the application once, before the workers are forked, so that they [share its memory](#memory). "
        "Linux only",
        default=False,
    )
    max_jobs_per_child: int = setting(
        Panel.CHILDREN,
        "Jobs after which a worker is replaced.",
        docs="jobs after which a worker is replaced; 0 for never",
        default=0,
        least=0,
        most=LARGEST,
        usual="0, never",
    )
    max_memory_per_child: int = setting(
        Panel.CHILDREN,
        "Memory at which a worker is replaced. Linux only.",
        docs="megabytes of resident memory at which a worker is replaced; 0 for never. Linux only",
        default=0,
        unit="MB",
        least=0,
        most=LARGEST,
        usual="0, never",
    )
    listen: bool = setting(
        Panel.CLAIMS,
        "Hear of new jobs at once, or by polling alone.",
        docs="whether idle workers hear of new jobs at once, by NOTIFY",
        default=True,
    )
    reload_dirs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check(self)
