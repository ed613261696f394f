"""What a run of chaos is told: by the command line, or by a test."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field

from pooljobs_cli.chaos.job_mixture import JobMixture
from pooljobs_cli.chaos.schedule import DEPLOYMENTS, USUAL, Kind, Tempo, bag
from pooljobs_cli.chaos.storms import LONGEST_WAIT, POLL_INTERVAL, Storm


@dataclass(frozen=True, slots=True)
class ChaosSettings:
    """What is to be run.

    Attributes:
        duration: Seconds of harm.
        procs: Workers of each host.
        concurrency: Handlers at a time in the workers of every other host; one in the rest.
        rate: Jobs a second that are enqueued, unless the backlog is long.
        command: Starts pooljobs.
        only: The harms to do; all if empty.
        jobs: Instead of the usual mixture.
        tempo: Of the harms.
        storm: Instead of all that: its harm and its jobs.
        longest_wait: Seconds that harmless jobs may wait in a storm.
        beside: The command of another pooljobs, which runs some of the hosts.
        pgbouncer: Producers come through a PgBouncer in transaction mode.
    """

    seed: int
    duration: float
    _: KW_ONLY
    procs: int
    hosts: int = 2
    rate: float = 200.0
    dsn: str | None = field(default=None, repr=False)
    command: Sequence[str] = (sys.executable, "-m", "pooljobs")
    only: Sequence[Kind] = ()
    jobs: JobMixture | None = None
    tempo: Tempo = USUAL
    concurrency: int = 3
    storm: Storm | None = None
    longest_wait: float = LONGEST_WAIT
    beside: str | None = None
    pgbouncer: bool = False

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The harms that are done."""
        if self.storm:
            return tuple(self.storm.kinds)
        return bag(own_server=not self.dsn, pooler=self.pgbouncer, only=self.only)

    @property
    def pausing(self) -> bool:
        """Whether types and a queue are paused now and then. A pooljobs of before knows nothing of that."""
        return self.storm is None and self.beside is None and self.jobs is None

    @property
    def poll_interval(self) -> float:
        """Of the workers, in seconds. By default short: what is not woken for goes on, and is harmed."""
        return 0.2 if self.storm is None else POLL_INTERVAL

    @property
    def deploying(self) -> bool:
        """Whether another release of the application is deployed now and then."""
        return not DEPLOYMENTS.isdisjoint(self.kinds)
