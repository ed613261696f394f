"""Measures how fast this process enqueues, in bulk and one at a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from pooljobs_cli.bench.bench_jobs import nothing

_SINGLE_SECONDS: Final = 1.0


def bulk(jobs: int, on_progress: Callable[[int], None]) -> float:
    """Jobs a second by ``enqueue_many``, committed when it returns."""
    nothing.enqueue_many([{"n": 0}])  # opens the connection
    began = time.perf_counter()
    nothing.enqueue_many(({"n": n} for n in range(jobs)), on_progress=on_progress)
    return jobs / (time.perf_counter() - began)


def single() -> float:
    """Jobs a second by ``enqueue``, each committed."""
    began, done = time.perf_counter(), 0
    while (passed := time.perf_counter() - began) < _SINGLE_SECONDS:
        nothing.enqueue(n=done)
        done += 1
    return done / passed
