"""Reads what work costs: processor time of server and workers, write-ahead log, idle processors."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import psutil
from psycopg import Connection


@dataclass(frozen=True)
class Reading:
    """The state of all meters at one moment: seconds of processor time, bytes."""

    at: float
    server_cpu: float
    wal: int
    idle: float


def read(connection: Connection[Any]) -> Reading:
    """All meters, now. The processor time of a server on another machine reads as 0."""
    return Reading(time.monotonic(), server_cpu(connection), _wal(connection), psutil.cpu_times().idle)


def idle_share(before: Reading, after: Reading) -> float:
    """What share of the machine had nothing to do, 0 to 1."""
    return (after.idle - before.idle) / (after.at - before.at) / (psutil.cpu_count() or 1)


def cpu(process: psutil.Process) -> float:
    """Processor seconds of one process."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def fleet_cpu(supervisor: psutil.Process) -> float:
    """Processor seconds of a fleet's children: workers and steward, from their start on."""
    return sum(cpu(process) for process in supervisor.children(recursive=True))


def server_cpu(connection: Connection[Any]) -> float:
    """Processor seconds of the server and of all its backends, those that have ended included."""
    try:
        postmaster = psutil.Process(connection.info.backend_pid).parent()
    except psutil.NoSuchProcess:
        return 0.0
    if postmaster is None:
        return 0.0
    while True:
        ended = _of_ended(postmaster)
        living = sum(cpu(one) for one in postmaster.children())
        if _of_ended(postmaster) == ended:  # else one that ended in between may be in neither
            return ended + living


def _of_ended(process: psutil.Process) -> float:
    """Processor seconds of the children that a process has waited for."""
    times = process.cpu_times()
    return float(times.children_user + times.children_system)


def _wal(connection: Connection[Any]) -> int:
    row = connection.execute("SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint").fetchone()
    assert row is not None
    return int(row[0])
