"""Times the smallest things: a statement that does nothing, a commit that waits for the disk, and one that does not."""

from __future__ import annotations

import statistics
import time
from typing import Any, Final

from psycopg import Connection

from pooljobs_cli.bench.bench_schema import load

_TIMES: Final = 200
_LONGEST: Final = 3.0
"""Seconds that a probe may take where the database is far away."""


def round_trip(connection: Connection[Any]) -> float:
    """Seconds of a statement that does nothing, the median of many."""
    return _median_of(connection, b"SELECT 1")


def commit(connection: Connection[Any], *, synced: bool) -> float:
    """Seconds of the smallest transaction; ``synced``: with the wait for the disk that the server is set to."""
    if not synced:
        connection.execute("SET synchronous_commit = off")
    try:
        return _median_of(connection, load("write_probe"))
    finally:
        connection.execute("RESET synchronous_commit")


def _median_of(connection: Connection[Any], statement: bytes) -> float:
    for _ in range(2):  # so that it is prepared
        connection.execute(statement, prepare=True)
    found: list[float] = []
    deadline = time.perf_counter() + _LONGEST
    while len(found) < _TIMES and (not found or time.perf_counter() < deadline):
        began = time.perf_counter()
        connection.execute(statement, prepare=True)
        found.append(time.perf_counter() - began)
    return statistics.median(found)
