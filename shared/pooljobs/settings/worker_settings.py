"""What each worker of a fleet is told."""

from __future__ import annotations

from dataclasses import dataclass

from pooljobs.errors import OptionError
from pooljobs.job.retry import LONGEST_DELAY_SECS
from pooljobs.job.time_limit import SHORTEST_SECS
from pooljobs.settings.bounds import (
    BATCH_BYTES,
    DURABILITIES,
    JOB_LOGS,
    LONGEST_WAIT_SECS,
    MAX_BATCH,
    MAX_COUNT,
    MAX_WEIGHT,
    MIN_JOB_TIMEOUT,
    MOST_CONNECTIONS,
)
from pooljobs.settings.setting import Panel, check, setting, within


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """Settings of one worker process; what each means is said by its field.

    Attributes:
        weights: How often each queue's turn comes, in their order, 1 to ``MAX_WEIGHT``; empty: all alike.

    Raises:
        OptionError: A value is out of its range.
    """

    concurrency: int = setting(
        Panel.RUNS,
        "Handlers at a time in each worker.",
        docs="handlers that run at the same time in each worker",
        default=1,
        least=1,
        most=MAX_BATCH,
    )
    queues: tuple[str, ...] = setting(
        Panel.RUNS,
        "Queues to serve.",
        docs="names of queues, with commas; they take turns, or have [shares](#queues) by weight: `default:3,emails:1`",
        default=("default",),
        metavar="NAME[:WEIGHT][,…]",
        usual="all that the application declares",
        by_app=True,
    )
    weights: tuple[int, ...] = ()
    connections: int = setting(
        Panel.DATABASE,
        "Database connections of each worker.",
        docs="database connections of each worker: one for claims, one for results, the others for what its handlers "
        "enqueue; with 2, claims and results share one, and take turns",
        default=3,
        least=2,
        most=MOST_CONNECTIONS,
    )
    durability: str = setting(
        Panel.DATABASE,
        "Whether results wait for the server's disk.",
        docs="`relaxed`: results do not wait for the server's disk; after a crash of the server the last few jobs may "
        "run again",
        default="strict",
        choices=DURABILITIES,
    )
    log_jobs: str = setting(
        Panel.LOG,
        "Jobs of which the log says how they ended.",
        docs="of which jobs the log [says what became of them](#the-log): `none`, `failed`, or `all`, a line for each "
        "that is completed too",
        default="failed",
        choices=JOB_LOGS,
    )
    time_limit: float = setting(
        Panel.LIMITS,
        "Longest run of a handler that declares no limit itself.",
        docs="seconds that a run may take of a handler that [declares no limit](handlers.md#time-limits); 0 for none, "
        "and then one that hangs keeps its worker for ever",
        default=0.0,
        unit="seconds",
        least=SHORTEST_SECS,
        most=LONGEST_DELAY_SECS,
        or_zero=True,
        usual="0, no limit",
    )
    job_timeout: float = setting(
        Panel.LIMITS,
        "When a lost host's jobs may run elsewhere.",
        docs="seconds after which a lost host's jobs may run elsewhere; not a limit to how long a handler runs. A host "
        "that has just come, or was without the database, waits as long before it takes anybody's",
        default=30.0,
        unit="seconds",
        least=MIN_JOB_TIMEOUT,
        most=LONGEST_WAIT_SECS,
    )
    unknown_after: float = setting(
        Panel.LIMITS,
        "How long a job waits for code that takes it.",
        docs="seconds for which a job waits for code that knows its type or takes its payload, before it "
        "[has failed](handlers.md#two-versions-side-by-side); 0 for at once",
        default=600.0,
        unit="seconds",
        least=0.0,
        most=LONGEST_DELAY_SECS,
    )
    max_crashes: int = setting(
        Panel.LIMITS,
        "Crashes after which a job has failed.",
        docs="crashes after which a job has failed",
        default=3,
        least=1,
        most=MAX_COUNT,
    )
    max_losses: int = setting(
        Panel.LIMITS,
        "Losses of its host after which a job has failed.",
        docs="lost hosts after which a job that ran on them has failed; the first one counts whether it ran there or "
        "only waited",
        default=9,
        least=2,
        most=MAX_COUNT,
    )
    batch_size: int = setting(
        Panel.CLAIMS,
        "What the first claim takes; each, if they are not adaptive.",
        docs="jobs taken by the first claim; [from then on](#batches) claims follow what handlers take",
        default=10,
        unit="jobs",
        least=1,
        most=MAX_BATCH,
    )
    adaptive: bool = setting(
        Panel.CLAIMS,
        "Whether claims follow what the handlers take.",
        docs="whether they do; if not, each claim takes `--batch-size`",
        default=True,
    )
    max_batch_size: int = setting(
        Panel.CLAIMS,
        f"Most that a claim takes, to {MAX_BATCH}.",
        docs="most jobs taken by an adaptive claim",
        default=500,
        unit="jobs",
        least=1,
        most=MAX_BATCH,
    )
    max_batch_bytes: int = setting(
        Panel.CLAIMS,
        "Most payload that a worker takes at a time.",
        docs="most bytes of payloads that a worker takes at a time, however many jobs it has claimed; one that is "
        "longer comes alone",
        default=BATCH_BYTES,
        unit="bytes",
        least=MAX_BATCH,
        most=2**30,
        usual=f"{BATCH_BYTES}, {BATCH_BYTES >> 20} MiB",
    )
    poll_interval: float = setting(
        Panel.CLAIMS,
        "Between checks of empty queues.",
        docs="seconds between checks of empty queues, of one idle worker for all of its host; while nobody hears of "
        "new jobs (no steward, or one without a connection or notifications) idle workers check up to twice a second, "
        "unless `--no-listen` is given",
        default=5.0,
        unit="seconds",
        least=0.01,
        most=LONGEST_WAIT_SECS,
    )

    def __post_init__(self) -> None:
        if not self.queues or not all(self.queues):
            raise OptionError("queues must not be empty", hint="name at least one queue, for example --queues default")
        if self.weights and len(self.weights) != len(self.queues):
            raise OptionError(f"{len(self.queues)} queues cannot have {len(self.weights)} weights")
        for weight in self.weights:
            within("a queue's weight", weight, 1, MAX_WEIGHT)
        check(self)

    @property
    def shares(self) -> dict[str, int]:
        """The weight of each queue."""
        return dict(zip(self.queues, self.weights or (1,) * len(self.queues), strict=True))
