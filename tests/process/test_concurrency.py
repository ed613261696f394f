"""Several handlers at a time: async ones as tasks of one loop, plain ones in threads, and never more than was said."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from pooljobs_worker.settling.flusher import MOST_AGE
from tests.support import crowd_app
from tests.support.serving import ROOT, Serving, counts, enqueue, unfinished
from tests.support.waiting import wait_until

WITHOUT_UVLOOP = {"PYTHONPATH": f"{ROOT / 'tests' / 'support' / 'without_uvloop'}:{ROOT}"}
FEW = 20
"""More threads than a worker has of its own, and far fewer than the handlers of these tests."""


@pytest.fixture
def crowd(dsn: str) -> Iterator[Connection[Any]]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(crowd_app.TABLE.encode())
        yield connection


def serving(dsn: str, tmp_path: Path, *options: str, env: dict[str, str] | None = None) -> Serving:
    app = "tests.support.crowd_app:app"
    return Serving(dsn, tmp_path / "log", "--poll-interval", "0.1", *options, app=app, env=env)


@pytest.mark.parametrize("env", [{}, WITHOUT_UVLOOP], ids=["with uvloop", "without"])
def test_a_hundred_async_handlers_run_together_without_a_thread_each(
    dsn: str, tmp_path: Path, crowd: Connection[Any], env: dict[str, str]
) -> None:
    enqueue(crowd, "passes")
    with serving(dsn, tmp_path, "--concurrency", "100", "--log-level", "debug", env=env) as fleet:
        wait_until(lambda: not unfinished(crowd), what="the first job to end")
        enqueue(crowd, "meets", 100, '{"others": 100}')
        wait_until(lambda: not unfinished(crowd), what="all to have met")
        kinds = crowd.execute(
            "SELECT count(*), min(running), max(running), max(threads), min(loop) FROM public.crowd WHERE kind = 'task'"
        ).fetchone()
        assert kinds is not None
        assert kinds[:3] == (100, 100, 100)
        assert kinds[3] < FEW
        used = "uvloop" if kinds[4].startswith("uvloop") else "asyncio"
        assert f"async handlers run on {used}" in fleet.text
        assert used == "asyncio" or not env
    assert counts(crowd) == {"completed": 101}


def test_threads_and_tasks_together_are_no_more_than_the_concurrency(
    dsn: str, tmp_path: Path, crowd: Connection[Any]
) -> None:
    for _ in range(10):
        enqueue(crowd, "plain", 20)
        enqueue(crowd, "short", 20)
    with serving(dsn, tmp_path, "--concurrency", "5"):
        wait_until(lambda: not unfinished(crowd), what="all to end")
    assert counts(crowd) == {"completed": 400}
    row = crowd.execute("SELECT max(running), count(DISTINCT kind) FROM public.crowd").fetchone()
    assert row == (5, 2)


CLAIMS = """
CREATE TABLE public.claims (jobs bigint);
CREATE FUNCTION public.note_claim() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $body$ BEGIN
    INSERT INTO public.claims SELECT count(*) FROM after WHERE worker_id IS NOT NULL HAVING count(worker_id) > 0;
    RETURN NULL;
END $body$;
CREATE TRIGGER note_claim AFTER UPDATE ON pooljobs.live REFERENCING NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION public.note_claim();
"""


JOBS = 20_000


@pytest.mark.parametrize("job_type", ["noop", "noop_async"])
@pytest.mark.parametrize("concurrency", ["10", "100", "500"])
def test_short_jobs_are_claimed_by_the_hundred(
    dsn: str, tmp_path: Path, crowd: Connection[Any], job_type: str, concurrency: str
) -> None:
    """Two hundred and more at a time, however few can begin at once. A worker that is starved may cut down. The loop
    comes round when there is something to do, and not for each job that ends.
    """
    crowd.execute(CLAIMS)
    enqueue(crowd, job_type, JOBS, '{"n": 1}')
    log, began = tmp_path / "log", time.monotonic()
    with Serving(dsn, log, "--concurrency", concurrency, app="tests.support.turns_app:app") as fleet:
        wait_until(lambda: not unfinished(crowd), what="all to end")
        fleet.signal(signal.SIGTERM)
        assert fleet.ended() == 0
    (turns,) = re.findall(r"^turns: (\d+)$", log.read_text(), re.MULTILINE)
    assert int(turns) <= JOBS // 50 + (time.monotonic() - began) / MOST_AGE, "one for each settlement, however few jobs"
    assert counts(crowd) == {"completed": JOBS}
    row = crowd.execute("SELECT count(*), sum(jobs) FROM public.claims").fetchone()
    assert row is not None
    assert row[1] >= JOBS
    assert row[0] <= JOBS // 200
