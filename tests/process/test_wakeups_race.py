"""Jobs of transactions that read the flag before a host falls asleep and commit after: none waits for the next poll."""

from __future__ import annotations

import random
import time
from pathlib import Path

import psycopg

from tests.support.serving import Serving, audit_of, enqueue, unfinished
from tests.support.waiting import wait_until

ROUNDS = 50
SEED = 20261124


def test_no_job_is_missed_around_falling_asleep(dsn: str, tmp_path: Path) -> None:
    """In each round the host is told in vain, so that it stops listening, and soon falls asleep anew. Around that
    moment a transaction enqueues, and commits later. Whatever is missed then has nothing to rescue it."""
    rng = random.Random(SEED)
    with (
        audit_of(dsn) as connection,
        psycopg.connect(dsn) as late,
        Serving(dsn, tmp_path / "log", "--poll-interval", "600"),
    ):
        for number in range(ROUNDS):
            enqueue(connection, "quiet", 1, '{"secs": 0.03}')
            time.sleep(0.02 * rng.random())
            enqueue(connection, "quiet", 1, '{"secs": 0.01}')
            time.sleep(0.08 * rng.random())
            enqueue(late, "quiet")
            time.sleep(0.08 * rng.random())
            late.commit()
            wait_until(lambda: not unfinished(connection), what=f"the jobs of round {number} to end")
