"""How much is measured: numbers that trade time for certainty. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """Sizes of all cases.

    Attributes:
        rounds: Runs of each kind, in turn.
        jobs: Backlog of a drain with batches of 500; slower settings get less.
        procs: Worker processes, along that axis of the drain.
        batches: Along that axis.
        payloads: Bytes, along that axis.
        steady_seconds: Of each load.
        latency_jobs: One at a time.
        enqueue_seconds: Of each run.
        enqueue_jobs: Of each bulk.
        growth_scale: 1 makes the tables a million rows large, and the old snapshot a minute old.
        growth_rounds: Pairs of runs.
        computing_jobs: Of 10 ms each.
        idle_seconds: For which a fleet idles.
    """

    name: str
    rounds: int
    jobs: int
    procs: tuple[int, ...]
    batches: tuple[int, ...]
    payloads: tuple[int, ...]
    steady_seconds: float
    latency_jobs: int
    enqueue_seconds: int
    enqueue_jobs: int
    growth_scale: float
    growth_rounds: int
    computing_jobs: int
    idle_seconds: float


NORMAL = Effort(
    name="normal",
    rounds=3,
    jobs=60_000,
    procs=(1, 2, 4, 8, 16),
    batches=(1, 10, 100, 500),
    payloads=(100, 1_000, 10_000),
    steady_seconds=10.0,
    latency_jobs=200,
    enqueue_seconds=2,
    enqueue_jobs=50_000,
    growth_scale=0.1,
    growth_rounds=1,
    computing_jobs=300,
    idle_seconds=10.0,
)
"""A few minutes."""

QUICK = Effort(
    name="quick",
    rounds=1,
    jobs=40_000,
    procs=(1, 2, 8),
    batches=(1, 10, 500),
    payloads=(100, 10_000),
    steady_seconds=4.0,
    latency_jobs=60,
    enqueue_seconds=1,
    enqueue_jobs=20_000,
    growth_scale=0.02,
    growth_rounds=1,
    computing_jobs=100,
    idle_seconds=5.0,
)
"""About a minute and a half; one round each, so that no figure is a median."""

THOROUGH = Effort(
    name="thorough",
    rounds=5,
    jobs=200_000,
    procs=(1, 2, 4, 8, 16),
    batches=(1, 10, 100, 500),
    payloads=(100, 1_000, 10_000),
    steady_seconds=180.0,
    latency_jobs=1_000,
    enqueue_seconds=5,
    enqueue_jobs=200_000,
    growth_scale=1.0,
    growth_rounds=3,
    computing_jobs=1_000,
    idle_seconds=60.0,
)
"""The better part of an hour, or more."""
