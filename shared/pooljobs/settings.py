"""What a fleet is told before it starts: checked once, here, and handed down unchanged to every child."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pooljobs.errors import OptionError
from pooljobs.job.retry import LONGEST_DELAY_SECS
from pooljobs.job.time_limit import SHORTEST_SECS

MAX_BATCH = 1000
"""The most jobs one claim may take: the size of a worker's table of held jobs on the scoreboard."""

BATCH_BYTES = 16 * 2**20
"""Unless told otherwise, the most bytes of payloads that a worker takes at a time."""

MAX_COUNT = 10_000
"""The most crashes or losses a job can be allowed: a row counts them in 16 bits."""

MAX_WEIGHT = 100
"""The most that a queue's turn can count beside another's."""

MIN_JOB_TIMEOUT = 1.0
"""Seconds. A shorter lease could not be renewed in time on a busy machine."""

LONGEST_WAIT_SECS = 7 * 24 * 3600.0
"""Seconds. What processes wait for they wait for by poll(2), which counts milliseconds in 32 bits: 24 days."""

MOST_CONNECTIONS = 1000
"""Of one process."""

WAIT_SECS = 10.0
"""Unless told otherwise, seconds for which an application that enqueues waits for its database."""

BOOT_TIMEOUT = 120.0
"""Unless told otherwise, seconds for which a worker may start: an import of gigabytes of models takes fewer."""

LARGEST = 2**31 - 1
"""Of a number that nothing else bounds."""

WORKER_RANGES: Mapping[str, tuple[float, float]] = {
    "poll_interval": (0.01, LONGEST_WAIT_SECS),
    "batch_size": (1, MAX_BATCH),
    "max_batch_size": (1, MAX_BATCH),
    "max_batch_bytes": (MAX_BATCH, 2**30),
    "job_timeout": (MIN_JOB_TIMEOUT, LONGEST_WAIT_SECS),
    "concurrency": (1, MAX_BATCH),
    "max_crashes": (1, MAX_COUNT),
    "max_losses": (2, MAX_COUNT),
    "connections": (2, MOST_CONNECTIONS),
    "time_limit": (SHORTEST_SECS, LONGEST_DELAY_SECS),
    "unknown_after": (0.0, LONGEST_DELAY_SECS),
}
"""Least and most of each number in ``WorkerSettings``; ``time_limit`` may be 0 too."""

SERVE_RANGES: Mapping[str, tuple[float, float]] = {
    "procs": (1, 512),
    "shutdown_timeout": (0.0, LONGEST_WAIT_SECS),
    "boot_timeout": (1.0, LONGEST_WAIT_SECS),
    "max_jobs_per_child": (0, LARGEST),
    "max_memory_per_child": (0, LARGEST),
    "keep_history": (0, 36_525),
}
"""Those in ``ServeSettings``."""

DURABILITIES = ("strict", "relaxed")

POOLERS = ("none", "session")
"""What may stand between a fleet and its server."""

LOG_FORMATS = ("text", "json")

LOG_LEVELS = ("debug", "info", "warning", "error", "critical")

JOB_LOGS = ("none", "failed", "all")
"""Of which jobs the log says what became of them."""


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """Settings of one worker process.

    Attributes:
        queues: Names of the queues served; never empty.
        weights: How often each queue's turn comes, in their order, 1 to ``MAX_WEIGHT``. Default empty: all alike.
        poll_interval: Seconds between looks at an empty queue, 0.01 to a week. Default 5.
        batch_size: Jobs taken by the first claim, 1 to ``MAX_BATCH``; by each, unless ``adaptive``. Default 10.
        adaptive: Whether claims follow what handlers take, so that a batch is 0.1 s of work. Default True.
        max_batch_size: The most that one claim takes then, 1 to ``MAX_BATCH``; or ``batch_size``, if that is more.
            Default 500.
        max_batch_bytes: The most bytes of payloads that a worker takes at a time, at least 1,000; what is larger comes
            alone. Default 16 MiB. Payloads beyond that are fetched when their turn comes.
        job_timeout: Seconds a claim outlives a host that is gone, before another may run the job; 1 to a week.
            Default 30.
        concurrency: Handlers that run at the same time in one worker. Default 1.
        max_crashes: Crashes after which a job is failed as poison. Default 3.
        durability: ``strict``: a result counts once it is on the server's disk. ``relaxed``: commits of results do not
            wait for it, so that a crash of the server may undo those of the last moment, whose jobs then run again.
        max_losses: Losses of its host after which a job is failed. Default 9. At least 2: the first one counts whether
            the job ran or only waited there.
        connections: Size of a worker's connection pool, handlers' own enqueues included. Default 3.
        time_limit: Seconds that a run may take of a handler that declares no limit; see ``TimeLimit.of``. Default 0,
            none.
        unknown_after: Seconds for which a job waits whose payload the workers' code refuses, from the first refusal
            on, or whose type no living worker declares; then it has failed. Default 600; 0: it fails at once.
        log_jobs: Of which jobs the log has lines: ``none``, ``failed`` (runs that failed or were cancelled, and jobs
            that have failed) or ``all`` (completed ones too). Default ``failed``.

    Raises:
        OptionError: A value is out of its range.
    """

    queues: tuple[str, ...] = ("default",)
    weights: tuple[int, ...] = ()
    poll_interval: float = 5.0
    batch_size: int = 10
    adaptive: bool = True
    max_batch_size: int = 500
    max_batch_bytes: int = BATCH_BYTES
    job_timeout: float = 30.0
    concurrency: int = 1
    max_crashes: int = 3
    max_losses: int = 9
    connections: int = 3
    durability: str = "strict"
    time_limit: float = 0.0
    unknown_after: float = 600.0
    log_jobs: str = "failed"

    def __post_init__(self) -> None:
        if not self.queues or not all(self.queues):
            raise OptionError("queues must not be empty", hint="name at least one queue, for example --queues default")
        if self.weights and len(self.weights) != len(self.queues):
            raise OptionError(f"{len(self.queues)} queues cannot have {len(self.weights)} weights")
        for weight in self.weights:
            _within("a queue's weight", weight, 1, MAX_WEIGHT)
        for name, bounds in WORKER_RANGES.items():
            if name != "time_limit" or self.time_limit != 0:
                _within(name, getattr(self, name), *bounds)
        if self.durability not in DURABILITIES:
            raise OptionError(f"durability must be {' or '.join(DURABILITIES)}, not {self.durability}")
        if self.log_jobs not in JOB_LOGS:
            raise OptionError(f"log_jobs must be one of {', '.join(JOB_LOGS)}, not {self.log_jobs}")

    @property
    def shares(self) -> dict[str, int]:
        """The weight of each queue."""
        return dict(zip(self.queues, self.weights or (1,) * len(self.queues), strict=True))


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """Settings of a supervisor and all its children.

    Attributes:
        dsn: libpq connection string of the database.
        schema: Schema that holds pooljobs' tables. Default ``pooljobs``.
        app: ``module:attribute`` of the application, resolved in each worker; before the fork with ``preload``.
        procs: Worker processes. Default 1.
        shutdown_timeout: Seconds a drain may take before what still runs is killed; up to a week. Default 30.
        boot_timeout: Seconds that importing the application may take, and a worker's start without a sign of life; then
            it is killed, and where it hangs is told. 1 to a week. Default 120.
        max_jobs_per_child: Jobs after which a worker is replaced, between jobs. Default 0, never.
        listen: Whether the steward hears of new jobs by LISTEN; without, idle workers poll. Default True.
        max_memory_per_child: Megabytes of resident memory above which a worker is replaced, between jobs. Default 0,
            never. Has no effect where there is no /proc.
        keep_history: Whole days (UTC) before today for which ended jobs are kept. Default 0, for ever.
        pooler: ``session`` if the DSN leads to a pooler that gives each client a session of its own. Default ``none``:
            behind any pooler the fleet does not start.
        preload: Whether workers are forked from a process that has imported the application already, so that they
            share its memory. Linux only. Default False: each worker imports it.
        reload_dirs: Directories below which a change of a file of Python reloads. Default none.
        until_empty: Whether the fleet ends by itself once nothing is left to do in its queues. Default False.
    """

    dsn: str = field(repr=False)  # a password may be in it
    app: str
    schema: str = "pooljobs"
    procs: int = 1
    shutdown_timeout: float = 30.0
    boot_timeout: float = BOOT_TIMEOUT
    max_jobs_per_child: int = 0
    max_memory_per_child: int = 0
    keep_history: int = 0
    listen: bool = True
    preload: bool = False
    until_empty: bool = False
    reload_dirs: tuple[str, ...] = ()
    pooler: str = "none"
    worker: WorkerSettings = field(default_factory=WorkerSettings)

    def __post_init__(self) -> None:
        for name, bounds in SERVE_RANGES.items():
            _within(name, getattr(self, name), *bounds)
        if self.pooler not in POOLERS:
            raise OptionError(f"pooler must be {' or '.join(POOLERS)}, not {self.pooler}")


def _within(name: str, value: float, least: float, most: float) -> None:
    if not value >= least:
        raise OptionError(f"{name} must be at least {least:g}, not {value:g}")
    if value > most:
        raise OptionError(f"{name} must be at most {most:.10g}, not {value:g}")
