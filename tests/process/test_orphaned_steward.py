"""The supervisor is killed while a handler never ends: nobody stays, and the job runs again somewhere, uncharged."""

from __future__ import annotations

from pathlib import Path

from tests.process.test_exit_watch import FAST, children_of, gone, pid_that_runs
from tests.support.serving import Serving, audit_of, counts, enqueue
from tests.support.waiting import wait_until

HOUR = '{"secs": 3600}'


def test_a_handler_that_never_ends_keeps_nobody(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection:
        enqueue(connection, "audited", 1, HOUR)
        with Serving(dsn, tmp_path / "log", *FAST, "--procs", "2", "--shutdown-timeout", "2") as serving:
            pid_that_runs(connection)
            children = children_of(serving)
            assert len(children) == 3
            serving.process.kill()
            wait_until(lambda: gone(children), timeout=60, what="all of them to be gone")
            text = serving.text
        assert "the supervisor is gone: its workers have 2 s to finish" in text
        assert "is over its time: killing it" in text
        assert counts(connection) == {"pending": 1}
        row = connection.execute("SELECT attempts, crashes, losses, worker_id FROM pooljobs.jobs").fetchone()
        assert row == (0, 0, 0, None)
        dead = connection.execute("SELECT count(*) FROM pooljobs.workers WHERE dead_at IS NULL").fetchone()
        assert dead == (0,)
