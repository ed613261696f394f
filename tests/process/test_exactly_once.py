"""A handler that completes its job in its own transaction: its effects happen exactly once, whatever happens next."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.serving import Serving, audit_of, counts, enqueue, unfinished
from tests.support.waiting import wait_until


@pytest.mark.parametrize("then", ["commit", "roll back", "die"])
def test_the_effect_happens_once(dsn: str, tmp_path: Path, then: str) -> None:
    with audit_of(dsn) as connection:
        enqueue(connection, "completes_itself", 3, f'{{"then": "{then}"}}')
        with Serving(dsn, tmp_path / "log", "--poll-interval", "0.1") as serving:
            wait_until(lambda: not unfinished(connection), what="the jobs to end")
        assert counts(connection) == {"completed": 3}
        row = connection.execute("SELECT count(*), count(DISTINCT job_id) FROM public.audit").fetchone()
        assert row == (3, 3)
        assert "lost to another worker" not in serving.text


def test_asynchronous_connections_too(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection:
        enqueue(connection, "completes_itself_async", 3)
        with Serving(dsn, tmp_path / "log", "--poll-interval", "0.1") as serving:
            wait_until(lambda: not unfinished(connection), what="the jobs to end")
        assert counts(connection) == {"completed": 3}
        assert connection.execute("SELECT count(*) FROM public.audit").fetchone() == (3,)
        assert "lost to another worker" not in serving.text
