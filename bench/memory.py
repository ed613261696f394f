"""What a worker's memory is, with the application imported by each, and by one from which all are forked. Part of
``bench.scale``.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

import psutil
import psycopg

from bench.serving import serving

PROCS = 4
JOBS = 400


@dataclass(frozen=True)
class Memory:
    """Bytes, of fleets of ``PROCS`` workers with ``bench.table`` after some jobs: for a worker, proportional and its
    own alone; and for all processes together.
    """

    preload: bool
    proportional: float
    private: float
    fleet: float


def measure_memory(dsn: str, *, preload: bool) -> Memory:
    """Runs a few jobs, so that workers have touched what they touch, and looks at who is there then."""
    options = ("--procs", str(PROCS), "--poll-interval", "0.05", *(("--preload",) if preload else ()))
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("TRUNCATE pooljobs.live, pooljobs.history, pooljobs.workers")
        with serving(dsn, *options, app="bench.table:app") as fleet:
            connection.execute(
                "SELECT count(pooljobs.enqueue('look_up', jsonb_build_object('n', n)))"
                " FROM generate_series(1, %s) AS n",
                (JOBS,),
            )
            while connection.execute("SELECT EXISTS (SELECT FROM pooljobs.live)").fetchone() == (True,):
                time.sleep(0.05)
            workers: list[int] = []
            while len(workers) < PROCS:
                time.sleep(0.05)
                workers = [row[0] for row in connection.execute("SELECT pid FROM pooljobs.workers").fetchall()]
            time.sleep(0.5)
            of_workers = [psutil.Process(pid).memory_full_info() for pid in workers]
            everybody = [one.memory_full_info() for one in (fleet, *fleet.children())]
    return Memory(
        preload,
        statistics.mean(one.pss for one in of_workers),
        statistics.mean(one.uss for one in of_workers),
        sum(one.pss for one in everybody),
    )
