"""Blame: a crash among several falls on the one that did it, a lost host's jobs do not wander for ever."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from pooljobs.exit_codes import ExitCode
from tests.support.serving import Serving, audit_of, counts, enqueue, unfinished
from tests.support.waiting import wait_until

serving = partial(Serving, app="tests.support.deadly_app:app")
FAST = ("--poll-interval", "0.1")


def rows(connection: Connection[Any], job_type: str, columns: str) -> list[tuple[Any, ...]]:
    query = f"SELECT {columns} FROM pooljobs.jobs WHERE job_type = %s ORDER BY id"
    return connection.execute(query.encode(), (job_type,)).fetchall()


def runs_of(connection: Connection[Any], job_type: str) -> int:
    query = "SELECT count(*) FROM public.audit WHERE job_id IN (SELECT id FROM pooljobs.jobs WHERE job_type = %s)"
    row = connection.execute(query, (job_type,)).fetchone()
    assert row is not None
    return int(row[0])


def crashed(connection: Connection[Any]) -> bool:
    row = connection.execute("SELECT count(*) FROM pooljobs.jobs WHERE crashes + interruptions > 0").fetchone()
    return row is not None and row[0] > 0


@pytest.mark.hazard(
    "With a concurrency above 1 a crash has several suspects",
    closed="none is charged; each runs alone next time",
    area="blame",
)
def test_of_several_that_ran_only_the_deadly_one_is_charged_and_the_others_complete(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection:
        enqueue(connection, "deadly", 1, '{"secs": 0.3}')
        enqueue(connection, "innocent", 7, '{"secs": 0.5}')
        with serving(dsn, tmp_path / "log", *FAST, "--concurrency", "4", "--max-crashes", "2"):
            wait_until(lambda: not unfinished(connection), what="all jobs to end", timeout=60)
        (deadly,) = rows(connection, "deadly", "status, attempts, crashes, interruptions, last_error")
        assert deadly[:4] == ("failed", 2, 2, 1)
        assert "crash 2 of 2" in deadly[4]
        innocents = rows(connection, "innocent", "status, attempts, crashes, interruptions, last_error")
        assert {row[:3] for row in innocents} == {("completed", 1, 0)}
        (deadly_id,) = rows(connection, "deadly", "id::text")[0]
        suspected = [row[4] for row in innocents if row[3]]
        assert len(suspected) == 3
        assert all("several jobs: killed by SIGKILL" in text and deadly_id in text for text in suspected)
        assert runs_of(connection, "deadly") == 3
        assert runs_of(connection, "innocent") == 7 + 3


def test_a_suspect_waits_for_its_neighbour_and_holds_up_nobody(dsn: str, tmp_path: Path) -> None:
    """The neighbour ends only when the others have: a worker that waited for it in silence would never get there."""
    flag = tmp_path / "flag"
    with audit_of(dsn) as connection, serving(dsn, tmp_path / "log", *FAST, "--concurrency", "2"):
        enqueue(connection, "waits_for", 1, f'{{"path": "{flag}"}}')
        wait_until(lambda: runs_of(connection, "waits_for"), what="the neighbour to begin")
        connection.execute("INSERT INTO pooljobs.live (job_type, suspect) VALUES ('innocent', true)")
        query = "SELECT count(*) FROM pooljobs.live WHERE suspect AND fence > 0"
        wait_until(lambda: connection.execute(query).fetchone() != (0,), what="the worker to claim the suspect")
        enqueue(connection, "innocent", 5)
        wait_until(lambda: counts(connection).get("completed") == 5, what="the others to complete")
        assert rows(connection, "waits_for", "status") == [("running",)]
        flag.touch()
        wait_until(lambda: not unfinished(connection), what="the suspect to run")
        assert counts(connection) == {"completed": 7}


def test_a_suspect_does_not_keep_its_worker_from_draining(dsn: str, tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    with audit_of(dsn) as connection, serving(dsn, tmp_path / "log", *FAST, "--concurrency", "2") as fleet:
        enqueue(connection, "waits_for", 1, f'{{"path": "{flag}"}}')
        wait_until(lambda: runs_of(connection, "waits_for"), what="the neighbour to begin")
        connection.execute("INSERT INTO pooljobs.live (job_type, suspect) VALUES ('innocent', true)")
        query = "SELECT count(*) FROM pooljobs.live WHERE suspect AND fence > 0"
        wait_until(lambda: connection.execute(query).fetchone() != (0,), what="the worker to claim the suspect")
        fleet.signal(signal.SIGTERM)
        wait_until(lambda: "draining" in fleet.text, what="the drain to begin")
        flag.touch()
        assert fleet.ended() == ExitCode.OK
        assert connection.execute("SELECT count(*) FROM pooljobs.live WHERE worker_id IS NOT NULL").fetchone() == (0,)
        assert rows(connection, "waits_for", "status") == [("completed",)]


@pytest.mark.parametrize("concurrency", [1, pytest.param(3, marks=pytest.mark.long)])
def test_of_all_workers_one_runs_a_suspect_at_a_time_and_the_others_what_is_harmless(
    dsn: str, tmp_path: Path, concurrency: int
) -> None:
    """Eight jobs that each kill their worker after half a second, on four workers."""
    with audit_of(dsn) as connection:
        options = (*FAST, "--procs", "4", "--concurrency", str(concurrency), "--max-crashes", "2")
        with serving(dsn, tmp_path / "log", *options):
            connection.execute(
                "INSERT INTO pooljobs.live (job_type, payload, suspect, crashes)"
                " SELECT 'deadly', '{\"secs\": 0.5}', true, 1 FROM generate_series(1, 8)"
            )
            enqueue(connection, "innocent", 20)
            wait_until(lambda: not unfinished(connection), what="all jobs to end")
        deadly = rows(connection, "deadly", "status, crashes, extract(epoch FROM started_at), finished_at - started_at")
        assert {row[:2] for row in deadly} == {("failed", 2)}
        begun = sorted(float(row[2]) for row in deadly)
        assert all(later - earlier >= 0.45 for earlier, later in pairwise(begun))
        assert {row[0] for row in rows(connection, "innocent", "status")} == {"completed"}
        assert runs_of(connection, "innocent") == 20


@pytest.mark.hazard(
    "A dozen new jobs that end their process hold all workers at once, since none has crashed before",
    closed="the type is under suspicion until one of it has ended (`shared/pooljobs/scoreboard/suspect_types.py`)",
    area="blame",
)
@pytest.mark.parametrize("concurrency", [1, pytest.param(3, marks=pytest.mark.long)])
def test_new_jobs_of_a_type_that_crashed_take_turns_too(dsn: str, tmp_path: Path, concurrency: int) -> None:
    """Twelve that each kill their worker after two seconds, none of which has crashed before, ahead of the others."""
    with audit_of(dsn) as connection:
        enqueue(connection, "deadly", 12, '{"secs": 2}')
        options = (*FAST, "--procs", "3", "--concurrency", str(concurrency), "--max-crashes", "1")
        with serving(dsn, tmp_path / "log", *options):
            wait_until(lambda: crashed(connection), what="the first ones to crash")
            enqueue(connection, "innocent", 30)
            wait_until(lambda: counts(connection).get("completed") == 30, what="the harmless ones to complete")
            failed = "SELECT count(*) FROM pooljobs.jobs WHERE job_type = 'deadly' AND status = 'failed'"
            (gone,) = connection.execute(failed).fetchone() or (0,)
            assert gone <= 3 * concurrency + 1, "they waited for more than those that were begun already"
            wait_until(lambda: not unfinished(connection), what="all jobs to end", timeout=90)
        assert {row[0] for row in rows(connection, "deadly", "crashes")} == {1}


@pytest.mark.hazard("A dozen new jobs that end their process hold all workers at once")
def test_a_few_bad_payloads_do_not_make_the_jobs_of_their_type_wait_for_each_other(dsn: str, tmp_path: Path) -> None:
    """One in a hundred kills its worker; the others take 20 ms: one at a time would begin 20 ms apart."""
    with audit_of(dsn) as connection:
        with serving(dsn, tmp_path / "log", *FAST, "--procs", "4", "--max-crashes", "1"):
            for _ in range(10):
                connection.execute(
                    "INSERT INTO pooljobs.live (job_type, payload)"
                    " SELECT 'now_and_then', jsonb_build_object('deadly', n = 50) FROM generate_series(1, 100) AS n"
                )
                time.sleep(0.5)
            wait_until(lambda: not unfinished(connection), what="all jobs to end", timeout=90)
        assert counts(connection) == {"completed": 990, "failed": 10}
        begun = sorted(float(row[0]) for row in rows(connection, "now_and_then", "extract(epoch FROM started_at)"))
        assert sum(later - earlier < 0.02 for earlier, later in pairwise(begun)) > 500


@pytest.mark.parametrize("concurrency", [1, pytest.param(3, marks=pytest.mark.long)])
def test_a_job_that_takes_its_host_down_does_not_wander_for_ever(dsn: str, tmp_path: Path, concurrency: int) -> None:
    hosts = 0
    with audit_of(dsn) as connection:
        enqueue(connection, "kills_its_host")
        enqueue(connection, "innocent", 3)
        while unfinished(connection):
            hosts += 1
            options = (*FAST, "--concurrency", str(concurrency), "--job-timeout", "1", "--max-losses", "3")
            with serving(dsn, tmp_path / f"log{hosts}", *options) as host:
                wait_until(
                    lambda: host.process.poll() is not None or not unfinished(connection),
                    what="the host to go down, or the jobs to end",
                )
        (killer,) = rows(connection, "kills_its_host", "status, attempts, crashes, losses, last_error")
        assert killer[:4] == ("failed", 0, 0, 3)
        assert re.fullmatch(r"its host .+ was lost while it ran this job \(worker-1, pid \d+, loss 3 of 3\)", killer[4])
        innocents = rows(connection, "innocent", "status, losses")
        assert {status for status, _ in innocents} == {"completed"}
        assert {losses for _, losses in innocents} <= ({1} if concurrency == 1 else {1, 2})
        assert runs_of(connection, "kills_its_host") == 3
        assert hosts == 4


def test_a_run_cut_short_by_a_third_signal_says_so(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection, serving(dsn, tmp_path / "log", *FAST) as fleet:
        enqueue(connection, "innocent", 1, '{"secs": 600}')
        wait_until(lambda: runs_of(connection, "innocent"), what="the job to begin")
        for words in ("draining", "again:", ": killing"):
            fleet.signal(signal.SIGTERM)
            wait_until(lambda: words in fleet.text, what=words)  # noqa: B023
        assert fleet.ended() == ExitCode.DRAIN_TIMED_OUT
        (row,) = rows(connection, "innocent", "status, attempts, crashes, interruptions, last_error")
        assert row[:4] == ("pending", 0, 0, 1)
        assert re.fullmatch(r"this run was cut short.+\(worker-1, pid \d+\) was killed by the supervisor", row[4])


def test_a_run_that_outlived_its_supervisor_and_ended_unseen_says_so(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection, serving(dsn, tmp_path / "log", *FAST) as fleet:
        enqueue(connection, "innocent", 1, '{"secs": 600}')
        wait_until(lambda: runs_of(connection, "innocent"), what="the job to begin")
        fleet.process.kill()
        fleet.process.wait()
        (worker,) = connection.execute("SELECT pid FROM public.audit").fetchone() or (0,)
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: rows(connection, "innocent", "status") == [("pending",)], what="the steward to release it")
        (row,) = rows(connection, "innocent", "attempts, crashes, losses, interruptions, last_error")
        assert row[:4] == (0, 0, 0, 1)
        assert row[4].endswith("ended after its supervisor, and nobody saw how")


@pytest.mark.hazard(
    "Peak memory is a process's and not a job's",
    closed="the kernel's high-water mark is put back between jobs (`worker/pooljobs_worker/runtime/peak_memory.py`), "
    "and the text says for how long it was measured",
    area="blame",
)
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux measures a process's peak anew")
def test_a_crash_tells_the_memory_of_its_job_and_not_of_those_before(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection, serving(dsn, tmp_path / "log", *FAST):
        enqueue(connection, "needs_memory", 1, '{"megabytes": 400, "secs": 1.1}')
        wait_until(lambda: counts(connection) == {"completed": 1}, what="the large one to complete")
        enqueue(connection, "needs_memory", 1, '{"megabytes": 100, "then": "die"}')
        query = "SELECT max(last_error) FROM pooljobs.jobs WHERE crashes = 1"
        text = str(wait_until(lambda: (connection.execute(query).fetchone() or (0,))[0], what="the small one to crash"))
        found = re.search(r"(\d+) MB peak memory in the last \d+\.\d s", text)
        assert found is not None, text
        assert 100 <= int(found[1]) < 400
        wait_until(lambda: not unfinished(connection), what="the small one to be poison")
