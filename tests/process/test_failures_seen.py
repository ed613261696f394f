"""What failed is seen: in the log, by people, machines and an application's own logging; in ``ps``, and by SIGUSR1."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from psycopg import Connection

from pooljobs.logs.job_log import FIELDS
from pooljobs.logs.json_lines import EVERY_LINE
from tests.support.serving import ROOT, Serving, counts, enqueue, unfinished
from tests.support.waiting import wait_until

Conn = Connection[Any]
APP = "tests.support.seen_app:app"
OPTIONS = ("--poll-interval", "0.1")


def enqueued(connection: Conn, job_type: str, trace_id: str | None = None) -> str:
    statement = "SELECT pooljobs.enqueue(%s, '{}', trace_id => %s)"
    found = connection.execute(statement, (job_type, trace_id)).fetchone()
    assert found is not None
    return str(found[0])


def test_each_way_to_fail_for_good_is_an_error_that_machines_can_read(
    dsn: str, connection: Conn, tmp_path: Path
) -> None:
    options = (*OPTIONS, "--log-format", "json", "--log-jobs", "all", "--max-crashes", "1")
    with Serving(dsn, tmp_path / "log", *options, app=APP) as fleet:
        ids = {job_type: enqueued(connection, job_type, "t-1") for job_type in ("raises", "completes", "hangs")}
        wait_until(lambda: not unfinished(connection), what="the first jobs to end")
        ids["crashes"] = enqueued(connection, "crashes", "t-1")
        wait_until(lambda: not unfinished(connection), what="the last one to end")
        wait_until(lambda: fleet.text.count("job_failed") == 3, what="the lines")
    lines = [json.loads(line) for line in fleet.text.splitlines() if line.startswith("{")]
    told = {job_type: [line for line in lines if line.get("job_id") == job_id] for job_type, job_id in ids.items()}
    events = {
        job_type: [(line["event"], line["level"]) for line in told[job_type] if "event" in line] for job_type in ids
    }
    assert events == {
        "raises": [("job_retried", "info"), ("job_failed", "error")],
        "completes": [("job_completed", "info")],
        "hangs": [("job_failed", "error")],
        "crashes": [("job_failed", "error")],
    }
    for job_type in ids:
        last = [line for line in told[job_type] if "event" in line][-1]
        assert set(last) >= {*EVERY_LINE, *FIELDS} - {"error_type", "exception", "stack"}, job_type
        assert (last["job_type"], last["queue"], last["trace_id"]) == (job_type, "default", "t-1")
        assert last["host"] == socket.gethostname()
    (raised,) = [line for line in told["raises"] if line.get("event") == "job_failed"]
    assert (raised["attempt"], raised["max_retries"], raised["error_type"]) == (2, 2, "LookupError")
    assert "LookupError: no such shop for you" in raised["message"]
    assert raised["exception"].startswith("Traceback")
    (hung,) = [line for line in told["hangs"] if line.get("event") == "job_failed"]
    assert "time.sleep(600)" in hung["stack"] or "in hangs" in hung["stack"]
    assert hung["max_retries"] == 1


def test_text_tells_a_failure_in_one_line_and_completed_jobs_not_at_all(
    dsn: str, connection: Conn, tmp_path: Path
) -> None:
    with Serving(dsn, tmp_path / "log", *OPTIONS, app=APP) as fleet:
        ids = {job_type: enqueued(connection, job_type) for job_type in ("raises", "completes")}
        wait_until(lambda: counts(connection) == {"failed": 1, "completed": 1}, what="both to end")
    (error,) = [line for line in fleet.text.splitlines() if " ERROR " in line]
    assert f"job {ids['raises']} (raises) failed for good in run 2: LookupError: no such shop for you" in error
    assert "Traceback" not in fleet.text
    assert ids["completes"] not in fleet.text


@pytest.mark.hazard("What is hung into logging raises")
def test_the_applications_own_logging_holds_in_its_workers_and_no_line_comes_twice(
    dsn: str, connection: Conn, tmp_path: Path
) -> None:
    with Serving(dsn, tmp_path / "log", *OPTIONS, app=APP, env={"OWN_LOGGING": "1"}) as fleet:
        enqueue(connection, "completes")
        enqueue(connection, "raises")
        wait_until(lambda: counts(connection) == {"failed": 1, "completed": 1}, what="both to end")
    assert len(re.findall("in detail", fleet.text)) == 1
    assert "OWN DEBUG in detail" in fleet.text
    (failed,) = [line for line in fleet.text.splitlines() if "failed for good" in line]
    assert failed.startswith("OWN ERROR job ")


@pytest.mark.hazard("What is hung into logging raises")
def test_a_log_handler_that_raises_harms_neither_jobs_nor_worker(dsn: str, connection: Conn, tmp_path: Path) -> None:
    options = (*OPTIONS, "--log-jobs", "all")
    with Serving(dsn, tmp_path / "log", *options, app=APP, env={"BROKEN_LOGGING": "1"}) as fleet:
        enqueue(connection, "completes", 5)
        enqueue(connection, "raises", 5)
        wait_until(lambda: counts(connection) == {"failed": 5, "completed": 5}, what="all to end")
        runs = connection.execute("SELECT DISTINCT status, attempts FROM pooljobs.jobs ORDER BY 1").fetchall()
        assert runs == [("completed", 1), ("failed", 2)]
        fleet.signal(signal.SIGTERM)
        assert fleet.ended() == 0
    assert "worker 1 (pid" not in fleet.text, "it did not end before its time"


def test_the_board_says_what_each_worker_runs_and_for_how_long(dsn: str, connection: Conn, tmp_path: Path) -> None:
    with Serving(dsn, tmp_path / "log", *OPTIONS, "--shutdown-timeout", "0.1", app=APP) as fleet:
        job_id = enqueued(connection, "lingers")
        started = "SELECT count(*) FROM pooljobs.live WHERE worker_id IS NOT NULL"
        wait_until(lambda: connection.execute(started).fetchone() == (1,), what="the job to be claimed")
        told = re.compile(rf"worker 1 +runs {job_id} \(lingers\) for \d+\.\d s")

        def is_told() -> bool:
            fleet.signal(signal.SIGUSR1)
            return told.search(fleet.text) is not None

        wait_until(is_told, what="the line of what runs")


@pytest.mark.skipif(sys.platform != "linux", reason="Linux only")
@pytest.mark.parametrize("preload", [(), ("--preload",)])
def test_the_processes_can_be_told_apart(dsn: str, tmp_path: Path, preload: tuple[str, ...]) -> None:
    with Serving(dsn, tmp_path / "log", *OPTIONS, "--procs", "2", *preload, app=APP) as fleet:
        supervisor = psutil.Process(fleet.process.pid)
        family = [supervisor, *supervisor.children(recursive=True)]
        titles = sorted(Path(f"/proc/{process.pid}/cmdline").read_text().strip("\0") for process in family)
        shorts = {Path(f"/proc/{process.pid}/comm").read_text().strip() for process in family}
    names = ["steward", "supervisor", "worker-1", "worker-2", *(["zygote"] if preload else [])]
    assert titles == [f"pooljobs serve: {name} ({APP})" for name in names]
    assert shorts == {f"pooljobs:{name}"[:15] for name in names}


@pytest.mark.hazard(
    "Nobody reads what handlers print, and they fail for it",
    closed="a stdout and stderr that give it up (`shared/pooljobs/process/standard_output.py`)",
    area="output",
)
def test_a_handler_that_prints_does_not_fail_when_nobody_reads_the_log_any_more(
    dsn: str, connection: Conn, tmp_path: Path
) -> None:
    reader, writer = os.pipe()
    command = [sys.executable, "-m", "pooljobs", "serve", "--app", APP, "--dsn", dsn, *OPTIONS]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with (tmp_path / "log").open("wb") as log:
        fleet = subprocess.Popen(command, stdout=writer, stderr=log, env=environment, cwd=ROOT)
    os.close(writer)
    os.close(reader)
    try:
        enqueue(connection, "completes")
        wait_until(lambda: counts(connection) == {"completed": 1}, what="the job to be completed at its first run")
        assert connection.execute("SELECT attempts FROM pooljobs.jobs").fetchone() == (1,)
    finally:
        fleet.send_signal(signal.SIGTERM)
        assert fleet.wait(60) == 0
