"""Two versions of an application on one queue: what one of them does not take waits for the other, at no charge."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from tests.support.serving import Serving, audit_of, counts, enqueue, unfinished
from tests.support.waiting import wait_until

HEAD = """
import enum
import os
from dataclasses import dataclass
import psycopg
from pooljobs import JobContext, PoolJobs
app = PoolJobs()

def note(ctx: JobContext) -> None:
    with psycopg.connect(os.environ["AUDIT_DSN"], autocommit=True) as connection:
        connection.execute("INSERT INTO public.sold VALUES (%s, %s)", (ctx.id, ctx.attempt))
"""

PLAIN = """
@app.job
def sell(n: int, ctx: JobContext) -> None:
    note(ctx)
"""
GIFT = """
@app.job
def sell(n: int, ctx: JobContext, gift: bool = False) -> None:
    note(ctx)
"""
MUST_GIFT = """
@app.job
def sell(n: int, gift: bool, ctx: JobContext) -> None:
    note(ctx)
"""
KIND = """
@dataclass
class Order:
    n: int
    kind: enum.Enum("Kind", {kinds!r})

@app.job
async def sell(order: Order, ctx: JobContext) -> None:
    note(ctx)
"""
ONE_KIND = KIND.format(kinds={"POST": "post"})
TWO_KINDS = KIND.format(kinds={"POST": "post", "EXPRESS": "express"})


@contextmanager
def version(dsn: str, folder: Path, name: str, code: str, *options: str) -> Iterator[Serving]:
    """A fleet of one worker with this code."""
    (folder / f"{name}.py").write_text(HEAD + code)
    options = ("--poll-interval", "0.2", *options)
    with Serving(dsn, folder / f"{name}.log", *options, app=f"{name}:app", env={"PYTHONPATH": str(folder)}) as serving:
        yield serving


@contextmanager
def shop(dsn: str) -> Iterator[Connection[Any]]:
    with audit_of(dsn) as connection:
        connection.execute("CREATE TABLE public.sold (id uuid, attempt int)")
        yield connection


def number(connection: Connection[Any], query: str) -> int:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])


def refused(connection: Connection[Any]) -> int:
    return number(
        connection, "SELECT count(*) FROM pooljobs.live WHERE refused_since IS NOT NULL AND worker_id IS NULL"
    )


@pytest.mark.hazard(
    "Code of another version refuses a job's payload again and again, and it has failed before a worker with "
    "the right code meets it",
    closed="a refusal is uncharged, and who refused leaves the job to others until it is overdue "
    "(`worker/pooljobs_worker/claims/refused_shapes.py`)",
    area="versions",
)
@pytest.mark.parametrize(
    ("codes", "payload"),
    [
        pytest.param((PLAIN, GIFT), '{"n": 1, "gift": true}', id="a field more"),
        pytest.param((MUST_GIFT, PLAIN), '{"n": 1}', id="a field less"),
        pytest.param((ONE_KIND, TWO_KINDS), '{"n": 1, "kind": "express"}', id="an enum's member"),
        pytest.param((TWO_KINDS, PLAIN), '{"n": 1}', id="another model"),
    ],
)
@pytest.mark.parametrize("concurrency", ["1", pytest.param("4", marks=pytest.mark.long)])
def test_what_one_version_refuses_the_other_takes(
    dsn: str, tmp_path: Path, codes: tuple[str, str], payload: str, concurrency: str
) -> None:
    refuser, taker = codes
    with shop(dsn) as connection, version(dsn, tmp_path, "one", refuser, "--concurrency", concurrency) as one:
        enqueue(connection, "sell", 30, payload)
        wait_until(lambda: refused(connection) == 30, what="all to be refused")
        charged = "SELECT count(*) FROM pooljobs.live WHERE attempts + crashes + coalesce(interruptions, 0) > 0"
        assert number(connection, charged + " OR started_at IS NOT NULL") == 0
        with version(dsn, tmp_path, "two", taker, "--concurrency", concurrency):
            enqueue(connection, "sell", 30, payload)  # and whichever of them claims these
            wait_until(lambda: unfinished(connection) == 0, what="all to be taken")
        assert one.process.poll() is None
        assert counts(connection) == {"completed": 60}
        assert connection.execute("SELECT count(*), count(DISTINCT id), max(attempt) FROM public.sold").fetchone() == (
            60,
            60,
            1,
        )


def test_what_nobody_takes_has_failed_in_the_end_with_both_sides_fields(dsn: str, tmp_path: Path) -> None:
    with shop(dsn) as connection, version(dsn, tmp_path, "one", PLAIN, "--unknown-after", "2") as one:
        enqueue(connection, "sell", 3, '{"n": 1, "gift": true}')
        enqueue(connection, "sell", 3, '{"n": 1}')
        wait_until(lambda: unfinished(connection) == 0, what="all to end")
        assert counts(connection) == {"completed": 3, "failed": 3}
        rows = connection.execute(
            "SELECT DISTINCT last_error, attempts, crashes, finished_at >= created_at + interval '2 s'"
            " FROM pooljobs.history WHERE status = 'failed'"
        ).fetchall()
        error = (
            "refused by the code of each worker that took it, for 2 s (--unknown-after):"
            " sell: payload has an unknown field 'gift' (it takes: n)\n\n"
            "the payload has: n, gift\nthe handler takes: n"
        )
        assert rows == [(error, 0, 0, True)]
        assert "failed for good: refused by the code" in one.text


def test_a_job_of_a_former_name_keeps_it_and_runs(dsn: str, tmp_path: Path) -> None:
    renamed = PLAIN.replace("@app.job", '@app.job(aliases=("buy",), queue="sales", max_retries=7)')
    options = ("--queues", "default,sales")
    with shop(dsn) as connection, version(dsn, tmp_path, "one", renamed, *options) as one:
        enqueue(connection, "buy", 2, '{"n": 1}')
        wait_until(lambda: unfinished(connection) == 0, what="both to end")
        rows = connection.execute("SELECT DISTINCT job_type, queue, status, max_retries FROM pooljobs.jobs").fetchall()
        assert rows == [("buy", "sales", "completed", 7)]
        assert "WARN" not in one.text


@pytest.mark.hazard("Thousands of refused jobs keep the workers busy")
def test_the_longer_a_job_is_refused_the_more_seldom_it_is_claimed(dsn: str, tmp_path: Path) -> None:
    """Whatever the machine's pace: a job that was refused for t seconds was claimed a bounded number of times."""
    with shop(dsn) as connection, version(dsn, tmp_path, "one", PLAIN):
        enqueue(connection, "sell", 2000, '{"n": 1, "gift": true}')
        oldest = "SELECT coalesce(extract(epoch FROM now() - min(refused_since)), 0)::int FROM pooljobs.live"
        wait_until(lambda: number(connection, oldest) >= 12, what="twelve seconds to pass")
        most = "SELECT max(fence) FROM pooljobs.live"
        assert number(connection, most) <= 1 + 4 + 7  # a try a second up to 4 s, then each wait is half as long again
        enqueue(connection, "sell", 50, '{"n": 1}')
        wait_until(lambda: counts(connection).get("completed") == 50, what="what is taken to run beside them")
        assert counts(connection) == {"completed": 50, "pending": 2000}
