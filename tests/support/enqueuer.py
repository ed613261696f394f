"""An application that enqueues ``quiet`` of ``audit_app``, one after the other, through whatever becomes of the server.

``python -m tests.support.enqueuer DSN``: prints the id of each job that was acknowledged, and ends with its stdin. A
call that failed is no acknowledgement, whatever became of its job.
"""

from __future__ import annotations

import select
import sys

import psycopg

from pooljobs import PoolJobs
from pooljobs.errors import PoolJobsError

PAUSE = 0.01
"""Seconds between two jobs."""


def main() -> None:
    app = PoolJobs(dsn=sys.argv[1])
    failed = 0
    while not select.select([sys.stdin], [], [], PAUSE)[0]:
        try:
            job = app.enqueue("quiet", {"secs": 0.005})
        except (PoolJobsError, psycopg.Error):
            failed += 1
        else:
            print(job.id, flush=True)
    print(f"{failed} calls failed", file=sys.stderr)
    app.close()


if __name__ == "__main__":
    main()
