"""What a fleet is told before it starts: checked once, here, and handed down unchanged to every child."""

from __future__ import annotations

from dataclasses import dataclass, field

from pooljobs.errors import OptionError
from pooljobs.retry import LONGEST_DELAY_SECS
from pooljobs.time_limit import SHORTEST_SECS

MAX_BATCH = 1000
"""The most jobs one claim may take: the size of a worker's table of held jobs on the scoreboard."""

MAX_COUNT = 10_000
"""The most crashes or losses a job can be allowed: a row counts them in 16 bits."""

MIN_JOB_TIMEOUT = 1.0
"""Seconds. A shorter lease could not be renewed in time on a busy machine."""


DURABILITIES = ("strict", "relaxed")


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """Settings of one worker process.

    Attributes:
        queues: Names of the queues served; never empty.
        poll_interval: Seconds between looks at an empty queue. Default 5.
        batch_size: Most jobs taken by one claim, 1 to ``MAX_BATCH``. Default 10.
        job_timeout: Seconds a claim outlives a host that is gone, before another may run the job. Default 30.
        concurrency: Handlers that run at the same time in one worker. Default 1.
        max_crashes: Crashes after which a job is failed as poison. Default 3.
        durability: ``strict``: a result counts once it is on the server's disk. ``relaxed``: commits of results do not
            wait for it, so that a crash of the server may undo those of the last moment, whose jobs then run again.
        max_losses: Losses of its host after which a job is failed. Default 9. At least 2: the first one counts whether
            the job ran or only waited there.
        connections: Size of a worker's connection pool, handlers' own enqueues included. Default 3.
        time_limit: Seconds that a run may take of a handler that declares no limit; see ``TimeLimit.of``. Default 0,
            none.

    Raises:
        OptionError: A value is out of its range.
    """

    queues: tuple[str, ...] = ("default",)
    poll_interval: float = 5.0
    batch_size: int = 10
    job_timeout: float = 30.0
    concurrency: int = 1
    max_crashes: int = 3
    max_losses: int = 9
    connections: int = 3
    durability: str = "strict"
    time_limit: float = 0.0

    def __post_init__(self) -> None:
        if not self.queues or not all(self.queues):
            raise OptionError("queues must not be empty", hint="name at least one queue, for example --queues default")
        _at_least("poll_interval", self.poll_interval, 0.01)
        _at_least("batch_size", self.batch_size, 1)
        _at_most("batch_size", self.batch_size, MAX_BATCH)
        _at_least("job_timeout", self.job_timeout, MIN_JOB_TIMEOUT)
        _at_least("concurrency", self.concurrency, 1)
        _at_most("concurrency", self.concurrency, MAX_BATCH)
        _at_least("max_crashes", self.max_crashes, 1)
        _at_most("max_crashes", self.max_crashes, MAX_COUNT)
        _at_least("max_losses", self.max_losses, 2)
        _at_most("max_losses", self.max_losses, MAX_COUNT)
        _at_least("connections", self.connections, 2)
        if self.durability not in DURABILITIES:
            raise OptionError(f"durability must be {' or '.join(DURABILITIES)}, not {self.durability}")
        if self.time_limit != 0:
            _at_least("time_limit", self.time_limit, SHORTEST_SECS)
            _at_most("time_limit", self.time_limit, LONGEST_DELAY_SECS)


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """Settings of a supervisor and all its children.

    Attributes:
        dsn: libpq connection string of the database.
        schema: Schema that holds pooljobs' tables. Default ``pooljobs``.
        app: ``module:attribute`` of the application, resolved in each worker after the fork.
        procs: Worker processes. Default 1.
        shutdown_timeout: Seconds a drain may take before what still runs is killed. Default 30.
        max_jobs_per_child: Jobs after which a worker is replaced, between jobs. Default 0, never.
        listen: Whether the steward hears of new jobs by LISTEN; without, idle workers poll. Default True.
        max_memory_per_child: Megabytes of resident memory above which a worker is replaced, between jobs. Default 0,
            never. Has no effect where there is no /proc.
        keep_history: Whole days (UTC) before today for which ended jobs are kept. Default 0, for ever.
    """

    dsn: str
    app: str
    schema: str = "pooljobs"
    procs: int = 1
    shutdown_timeout: float = 30.0
    max_jobs_per_child: int = 0
    max_memory_per_child: int = 0
    keep_history: int = 0
    listen: bool = True
    worker: WorkerSettings = field(default_factory=WorkerSettings)

    def __post_init__(self) -> None:
        _at_least("procs", self.procs, 1)
        _at_most("procs", self.procs, 512)
        _at_least("shutdown_timeout", self.shutdown_timeout, 0.0)
        _at_least("max_jobs_per_child", self.max_jobs_per_child, 0)
        _at_least("max_memory_per_child", self.max_memory_per_child, 0)
        _at_least("keep_history", self.keep_history, 0)


def _at_least(name: str, value: float, least: float) -> None:
    if not value >= least:
        raise OptionError(f"{name} must be at least {least:g}, not {value:g}")


def _at_most(name: str, value: float, most: float) -> None:
    if value > most:
        raise OptionError(f"{name} must be at most {most:g}, not {value:g}")
