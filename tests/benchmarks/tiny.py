"""The least effort at which each case still does all that it does."""

from __future__ import annotations

from bench.effort import Effort

TINY = Effort(
    name="tiny",
    rounds=1,
    jobs=1_200,
    procs=(2,),
    batches=(100,),
    payloads=(100,),
    steady_seconds=0.4,
    latency_jobs=3,
    enqueue_seconds=1,
    enqueue_jobs=300,
    growth_scale=0.0001,
    growth_rounds=1,
    computing_jobs=20,
    idle_seconds=1.0,
)
