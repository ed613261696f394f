"""A worker killed in the middle of a batch: what it costs each of its jobs, and how soon the running one runs again.

POOLJOBS_TEST_KILLS=200 kills that often and prints the figures (``pytest -s``); then the 99th percentile counts too.
"""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from pooljobs.process.liveness import lives
from tests.support.figures import quantile, told
from tests.support.proof import Host, assert_every_claim_ran_once_and_every_job_ended_once, database_time, record_of
from tests.support.serving import unfinished
from tests.support.waiting import wait_until

KILLS = int(os.environ.get("POOLJOBS_TEST_KILLS", "5"))
MANY = 100
"""From so many kills on the machine is taken to be quiet, and the 99th percentile to mean something."""
KILLS_A_FLEET = 10
"""A place whose workers die again and again is filled ever more slowly; a new fleet begins from none."""
BATCH = 10
POLL = 1.0
"""Seconds, ten times what is wanted: a worker that only polled would show."""

ENQUEUE = """
SELECT count(pooljobs.enqueue(
    CASE n WHEN %(slow)s THEN 'slow_at_first' ELSE 'takes' END,
    CASE n WHEN %(slow)s THEN '{"secs": 600}'::jsonb ELSE '{}' END))
FROM generate_series(1, %(batch)s) AS n
"""
RUNNER = """
SELECT r.pid FROM public.runs AS r JOIN pooljobs.live AS l ON l.id = r.job_id WHERE l.job_type = 'slow_at_first'
"""
RAN_AGAIN = """
SELECT extract(epoch FROM max(r.at) - %s)::float8
FROM public.runs AS r JOIN pooljobs.history AS h ON h.id = r.job_id
WHERE h.id > %s AND r.fence = 2
GROUP BY h.job_type ORDER BY h.job_type
"""
COSTS = """
SELECT h.job_type, h.attempts, h.crashes, h.losses, h.fence,
    (SELECT count(*) FROM public.runs AS r WHERE r.job_id = h.id)
FROM pooljobs.history AS h WHERE h.id > %s ORDER BY h.id
"""


def kill_in_a_batch(connection: Connection[Any], place: int, pause: float) -> tuple[float, float | None]:
    """Kills the worker that runs the job in this place of its batch; seconds until it, and the last mate, ran again."""
    row = connection.execute("SELECT pooljobs.uuid_v7()").fetchone()
    assert row is not None
    before = row[0]
    connection.execute(ENQUEUE, {"slow": place, "batch": BATCH})
    found = wait_until(lambda: connection.execute(RUNNER.encode()).fetchone(), what="the slow job to begin")
    assert found is not None
    (victim,) = found
    time.sleep(pause)  # so that results of earlier jobs of the batch are found stored, and not yet stored
    killed_at = database_time(connection)
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: not unfinished(connection), what=f"the batch of the killed worker {victim} to end")
    assert not lives(victim)
    assert_costs(connection.execute(COSTS, (before,)).fetchall(), place)
    again = [row[0] for row in connection.execute(RAN_AGAIN, (killed_at, before)).fetchall()]
    return again[0], again[1] if len(again) > 1 else None


def assert_costs(rows: list[tuple[Any, ...]], place: int) -> None:
    """One crash and one run more for the job that ran; nothing for its mates, whether they had ended or not begun.

    A sibling that claims in the same instant may have some of the later ones: these are claimed once.
    """
    assert len(rows) == BATCH
    for number, (job_type, attempts, crashes, losses, claims, runs) in enumerate(rows, 1):
        costs = (job_type, attempts, crashes, losses, runs)
        if number == place:
            assert (costs, claims) == (("slow_at_first", 2, 1, 0, 2), 2), rows
        else:
            assert costs == ("takes", 1, 0, 0, 1), (number, place, rows)
            assert claims == 1 or (claims == 2 and number > place), (number, place, rows)


@pytest.mark.hazard("A worker dies after a handler returned and before that is stored: the job runs twice")
@pytest.mark.hazard(
    "A worker's death costs more than what ran, or takes long to be made good",
    closed="the supervisor sees it by pidfd and wakes the steward, the steward wakes the workers",
    area="blame",
)
@pytest.mark.timeout(180 + 3 * KILLS)
def test_the_job_that_ran_is_charged_and_runs_again_at_once(dsn: str, tmp_path: Path) -> None:
    dice = random.Random(1)
    own, mates = [], []
    with record_of(dsn) as connection:
        for first in range(0, KILLS, KILLS_A_FLEET):
            options = ("--procs", "6", "--poll-interval", str(POLL), "--batch-size", str(BATCH), "--no-adaptive")
            with Host(dsn, tmp_path, *options) as host:
                for number in range(first, min(first + KILLS_A_FLEET, KILLS)):
                    wait_until(lambda: "6 workers ready" in host.text, what="the whole fleet")
                    slow, others = kill_in_a_batch(connection, number % BATCH + 1, dice.uniform(0.0, 0.05))
                    own.append(slow)
                    mates += [others] if others is not None else []
                host.signal(signal.SIGTERM)
                assert host.ended() == 0, host.text
            (tmp_path / "a.log").unlink()
        assert_every_claim_ran_once_and_every_job_ended_once(connection, KILLS * BATCH)
    print(told("from the kill until the job ran again", own), told("its last mate", mates), sep="\n")
    assert max(own) < 10, "seconds on a busy machine"
    if KILLS >= MANY:
        assert quantile(own, 0.99) < 0.1
