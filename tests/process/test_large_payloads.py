"""Large payloads that wait in numbers: all run, and no worker holds more than some of them at a time."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.support.claims import scalar
from tests.support.serving import Serving, audit_of, counts
from tests.support.waiting import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process's peak in /proc")

CODE = """
from pooljobs import PoolJobs
app = PoolJobs()

@app.job
def plain(text: str) -> None:
    assert len(text) == LENGTH

@app.job
async def asynchronous(text: str) -> None:
    assert len(text) == LENGTH
"""
JOBS, LENGTH = 120, 2**20
BATCH_BYTES = 8 * 2**20
MOST = 90
"""Megabytes beyond what the worker had before: the payloads of two fetches, as text and decoded. All would be 240."""

STORE = """
SELECT pooljobs.enqueue(%s, jsonb_build_object('text', CASE WHEN n %% 2 = 0 THEN repeat('x', %s) ELSE random END))
FROM generate_series(1, %s) AS n, (SELECT string_agg(md5(i::text), '') AS random FROM generate_series(1, %s) AS i) AS r
"""


def peak(pid: int) -> float:
    """Megabytes that the process has had at most."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) / 1024


@pytest.mark.parametrize(
    ("job_type", "concurrency"), [("plain", 1), pytest.param("asynchronous", 2, marks=pytest.mark.long)]
)
def test_a_worker_holds_some_of_them_at_a_time(dsn: str, tmp_path: Path, job_type: str, concurrency: int) -> None:
    (tmp_path / "large.py").write_text(CODE.replace("LENGTH", str(LENGTH)))
    batch = ("--batch-size", str(JOBS), "--no-adaptive", "--max-batch-bytes", str(BATCH_BYTES))
    options = ("--procs", "1", "--concurrency", str(concurrency), "--poll-interval", "0.1", *batch)
    env = {"PYTHONPATH": str(tmp_path)}
    with audit_of(dsn) as connection, Serving(dsn, tmp_path / "log", *options, app="large:app", env=env) as serving:
        pid = scalar(connection, "SELECT pid FROM pooljobs.workers WHERE dead_at IS NULL")
        before = peak(pid)
        connection.execute(STORE, (job_type, LENGTH, JOBS, LENGTH // 32))
        wait_until(lambda: counts(connection).get("completed") == JOBS, timeout=150, what="all to be completed")
        assert peak(pid) - before < MOST
        assert "away" not in serving.text
