"""What the bench has measured: plain values, and the shares of a worker's time that follow from them. Pure."""

from __future__ import annotations

from dataclasses import KW_ONLY, asdict, dataclass
from typing import Any, Final

from pooljobs.ages import span

MILLISECOND: Final = 1e-3

ROUND_TRIPS: Final = 2
"""Of a turn: claim, settle."""


@dataclass(frozen=True, slots=True)
class Drain:
    """One drain, from when all workers had completed something.

    Attributes:
        jobs: Completed in that time.
        seconds: That time.
        settlements: Transactions that stored them, which is turns of workers.
        workers: That took part.
        worker_cpu: Processor seconds of the workers and the steward; None where the system does not tell.
        server_cpu: The server's; None where it does not run on this machine.
        idle: Share of this machine's processors that had nothing to do; None where the system does not tell.
        wall: Seconds to which the three above belong.
    """

    jobs: int
    seconds: float
    _: KW_ONLY
    settlements: int
    workers: int
    worker_cpu: float | None
    server_cpu: float | None
    idle: float | None
    wall: float

    @property
    def rate(self) -> float:
        """Jobs a second."""
        return self.jobs / self.seconds


@dataclass(frozen=True, slots=True)
class Figures:
    """All of a bench. Times in seconds, rates a second.

    Attributes:
        round_trip: Median of a statement that does nothing.
        commit: Median of the smallest transaction that waits for the disk.
        commit_unsynced: Of the same when it does not wait.
        bulk_rate: Jobs enqueued by ``enqueue_many``.
        single_rate: Jobs enqueued one at a time by one client.
        idle_latency: Call of enqueue to the handler's first line, in an idle fleet: median and 99th percentile.
        processors: Of this machine.
    """

    round_trip: float
    commit: float
    _: KW_ONLY
    commit_unsynced: float
    bulk_rate: float
    single_rate: float
    idle_latency: tuple[float, float]
    drain: Drain
    procs: int
    processors: int

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {**asdict(self), "drain": {**asdict(self.drain), "rate": self.drain.rate}}


@dataclass(frozen=True, slots=True)
class Shares:
    """Of a worker's time in the drain: on the wire, waiting for the disk, computing; the rest is the server's."""

    wire: float
    disk: float
    _: KW_ONLY
    worker: float
    server: float


def fine(seconds: float) -> str:
    """A time that may be short.

    >>> [fine(seconds) for seconds in (0.000031, 0.0042, 1.5)]
    ['31 µs', '4.2 ms', '1.5 s']
    """
    return f"{seconds * 1e6:.0f} µs" if seconds < MILLISECOND else span(seconds)


def shares(figures: Figures) -> Shares:
    """Where a worker's time went. They add up to 1: what was measured apart never makes more than all of it."""
    drain = figures.drain
    turns = drain.settlements / max(1, drain.workers) / drain.seconds
    wire = turns * ROUND_TRIPS * figures.round_trip
    disk = turns * max(0.0, figures.commit - figures.commit_unsynced)
    worker = drain.worker_cpu / drain.wall / max(1, drain.workers) if drain.worker_cpu is not None else 0.0
    total = max(1.0, wire + disk + worker)
    wire, disk, worker = wire / total, disk / total, worker / total
    return Shares(wire, disk, worker=worker, server=max(0.0, 1.0 - wire - disk - worker))
