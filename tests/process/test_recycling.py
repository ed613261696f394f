"""Workers that are replaced after so many jobs, or at so much memory: no job notices."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.serving import Serving, audit_of, counts, enqueue, unfinished
from tests.support.waiting import wait_until


@pytest.mark.parametrize(
    ("option", "limit", "why"),
    [("--max-jobs-per-child", "20", r"has run \d+ jobs"), ("--max-memory-per-child", "1", r"uses \d+ MB")],
)
def test_jobs_go_on_while_workers_are_replaced(dsn: str, tmp_path: Path, option: str, limit: str, why: str) -> None:
    with audit_of(dsn) as connection:
        with Serving(dsn, tmp_path / "log", "--poll-interval", "0.1", "--procs", "2", option, limit) as serving:
            replaced = re.compile(rf"worker \d \(pid \d+\) {why}: it leaves")
            enqueued = 0
            for wanted in (1, 2, 3):
                while len(replaced.findall(serving.text)) < wanted:
                    enqueue(connection, "audited", 20)
                    enqueued += 20
                    wait_until(lambda: not unfinished(connection), what="all jobs to end")
            serving.process.terminate()
            assert serving.ended() == 0
            assert "killed" not in serving.text
        assert counts(connection) == {"completed": enqueued}
        assert connection.execute("SELECT max(attempts), max(crashes) FROM pooljobs.jobs").fetchone() == (1, 0)
