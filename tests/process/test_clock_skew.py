"""Hosts whose wall clock is an hour off: nothing they do to a job depends on it."""

from __future__ import annotations

import os
import signal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from tests.support.clocks import HOUR, shifted
from tests.support.proof import (
    Host,
    assert_every_claim_ran_once_and_every_job_ended_once,
    begun,
    database_time,
    record_of,
)
from tests.support.serving import counts, enqueue, unfinished
from tests.support.waiting import wait_until

LEASE = 2.0
OPTIONS = ("--job-timeout", str(LEASE), "--poll-interval", "0.1")


def assert_clocks_are_off(connection: Connection[Any], seconds: int, host: str = "a") -> None:
    """Whether the shift reached Python and C code; else the test would show nothing."""
    row = connection.execute(
        "SELECT avg(python_time - extract(epoch FROM at)), avg(c_time - extract(epoch FROM at))"
        " FROM public.runs WHERE host = %s",
        (host,),
    ).fetchone()
    assert row is not None
    assert [abs(off - seconds) < HOUR / 2 for off in row] == [True, True], row


@pytest.mark.hazard(
    "A host's clock is wrong",
    closed="times in a row are the database's, deadlines in a process monotonic",
    area="ownership",
)
@pytest.mark.parametrize("off", [-HOUR, pytest.param(HOUR, marks=pytest.mark.long)])
def test_every_time_in_a_row_is_the_databases(dsn: str, tmp_path: Path, clock_library: Path, off: int) -> None:
    with record_of(dsn) as connection:
        began = database_time(connection)
        with Host(dsn, tmp_path, *OPTIONS, env=shifted(clock_library, off)):
            enqueue(connection, "takes", 5, '{"secs": 0.01}')
            enqueue(connection, "fails_twice")
            enqueue(connection, "enqueues_another", 2, '{"delay": 1.0}')
            wait_until(lambda: counts(connection) == {"completed": 10}, what="the jobs, the delayed ones too, to end")
        ended = database_time(connection)
        assert_clocks_are_off(connection, off)
        assert_every_claim_ran_once_and_every_job_ended_once(connection, 10)
        outside = (
            "SELECT count(*) FROM pooljobs.history WHERE NOT (created_at BETWEEN %(began)s AND %(ended)s"
            " AND run_at BETWEEN %(began)s AND %(ended)s AND started_at BETWEEN %(began)s AND %(ended)s"
            " AND finished_at BETWEEN started_at AND %(ended)s)"
        )
        assert connection.execute(outside, {"began": began, "ended": ended}).fetchone() == (0,)
        workers = (
            "SELECT count(*) FROM pooljobs.workers WHERE NOT leased_until BETWEEN %(began)s AND %(ended)s + job_timeout"
        )
        assert connection.execute(workers, {"began": began, "ended": ended}).fetchone() == (0,)
        assert_delays_were_waited_for(connection)


def assert_delays_were_waited_for(connection: Connection[Any]) -> None:
    """The retry a second after the second failure and the jobs enqueued for a second later ran no sooner."""
    pause = (
        "SELECT max(at) - min(at) FILTER (WHERE attempt = 2) > interval '1 s' FROM public.runs"
        " WHERE job_id = (SELECT job_id FROM public.runs WHERE attempt = 3)"
    )
    assert connection.execute(pause.encode()).fetchone() == (True,)
    delayed = (
        "SELECT count(*) FROM pooljobs.history AS h JOIN public.runs AS r ON r.job_id = h.id"
        " WHERE h.run_at - h.created_at = interval '1 s' AND r.at >= h.run_at"
    )
    assert connection.execute(delayed.encode()).fetchone() == (2,)


@pytest.mark.hazard("A host's clock is wrong")
@pytest.mark.parametrize("off", [-HOUR, pytest.param(HOUR, marks=pytest.mark.long)])
def test_leases_of_hosts_that_disagree_about_the_time_hold(
    dsn: str, tmp_path: Path, clock_library: Path, off: int
) -> None:
    """Neither takes what the other still holds; what one loses the other takes, when the lease is over."""
    with (
        record_of(dsn) as connection,
        Host(dsn, tmp_path, *OPTIONS, env=shifted(clock_library, off)) as wrong,
        Host(dsn, tmp_path, *OPTIONS, name="b") as right,
    ):
        for host, other in ((wrong, right), (right, wrong)):
            with other.stopped():
                enqueue(connection, "slow_at_first", payload=f'{{"secs": {1.5 * LEASE}}}')
                begun(connection, host="a" if host is wrong else "b")
            wait_until(lambda: not unfinished(connection), what="a job longer than the lease to end")
        assert connection.execute("SELECT max(fence), max(losses) FROM pooljobs.history").fetchone() == (1, 0)
        lost_both_ways(connection, (wrong, right))
        assert_clocks_are_off(connection, off)
        assert_clocks_are_off(connection, 0, "b")


def lost_both_ways(connection: Connection[Any], hosts: tuple[Host, Host]) -> None:
    """Each of the two is lost once."""
    for name, host, other, runs in (("a", *hosts, 2), ("b", *hosts[::-1], 3)):
        with other.stopped():
            enqueue(connection, "slow_at_first", payload='{"secs": 3}')
            begun(connection, runs, host=name)
        with host.stopped():
            wait_until(lambda: not unfinished(connection), what="the lost host's job to end on the other")
        wait_until(partial(refused, host), what="what it settles to be refused")
    assert_every_claim_ran_once_and_every_job_ended_once(connection, 4)
    lost = "SELECT count(*) FROM pooljobs.history WHERE (fence, losses, crashes) = (2, 1, 0)"
    assert connection.execute(lost.encode()).fetchone() == (2,)


def refused(host: Host) -> bool:
    """Whether a settlement of this host came too late."""
    return "was lost to another worker" in host.text


def first_runs(connection: Connection[Any], least: int) -> list[int]:
    """The pids that ran the jobs under their first claims, in that order; none while there are fewer."""
    rows = connection.execute("SELECT pid FROM public.runs WHERE fence = 1 ORDER BY place").fetchall()
    return [pid for (pid,) in rows] if len(rows) >= least else []


@pytest.mark.parametrize("off", [-HOUR, pytest.param(HOUR, marks=pytest.mark.long)])
def test_a_killed_worker_is_released_at_once_whatever_the_date(
    dsn: str, tmp_path: Path, clock_library: Path, off: int
) -> None:
    options = ("--procs", "2", "--poll-interval", "0.1", "--job-timeout", "600")
    with record_of(dsn) as connection, Host(dsn, tmp_path, *options, env=shifted(clock_library, off)):
        for least in range(1, 6):
            enqueue(connection, "slow_at_first", 1, '{"secs": 600}')
            pids = wait_until(partial(first_runs, connection, least), what=f"job {least} to begin")
            os.kill(pids[-1], signal.SIGKILL)
            wait_until(lambda: not unfinished(connection), what="the job of the killed worker to end")
