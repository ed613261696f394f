"""Jobs that are not for the worker which claims them: other applications on one queue, a deployment, nobody's."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from tests.process.test_reload import LINUX, write
from tests.support.command import pooljobs
from tests.support.serving import Serving, audit_of, counts, enqueue, unfinished
from tests.support.waiting import wait_until

HEAD = """
import asyncio, os, psycopg
from pooljobs import JobContext, PoolJobs
app = PoolJobs()

def note(ctx: JobContext) -> None:
    with psycopg.connect(os.environ["AUDIT_DSN"], autocommit=True) as connection:
        connection.execute("INSERT INTO public.sold VALUES (%s, %s, %s)", (ctx.id, ctx.attempt, os.getppid()))
"""
PLAIN = """
@app.job({options})
def {name}(ctx: JobContext) -> None:
    note(ctx)
"""
ASYNC = """
@app.job({options})
async def {name}(ctx: JobContext) -> None:
    await asyncio.to_thread(note, ctx)
"""


def code(*names: str, options: str = "", handler: str = PLAIN) -> str:
    return HEAD + "".join(handler.format(name=name, options=options) for name in names)


@contextmanager
def shop(dsn: str) -> Iterator[Connection[Any]]:
    with audit_of(dsn) as connection:
        connection.execute("CREATE TABLE public.sold (id uuid, attempt int, fleet int)")
        yield connection


@contextmanager
def serving(dsn: str, folder: Path, name: str, text: str, *options: str) -> Iterator[Serving]:
    (folder / f"{name}.py").write_text(text)
    options = ("--poll-interval", "0.2", *options)
    with Serving(dsn, folder / f"{name}.log", *options, app=f"{name}:app", env={"PYTHONPATH": str(folder)}) as fleet:
        yield fleet


def number(connection: Connection[Any], query: str) -> int:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])


CHARGED = "SELECT count(*) FROM pooljobs.jobs WHERE attempts > 1 OR crashes + losses + interruptions > 0"


@pytest.mark.hazard(
    "A worker fails jobs that others know: an application beside it, the new code in a reload",
    closed="it gives them back before they are entered anywhere, and passes them over "
    "(`worker/pooljobs_worker/claims/give_back.py`, `worker/pooljobs_worker/claims/foreign_jobs.py`)",
    area="versions",
)
@pytest.mark.parametrize(
    ("options", "handler"),
    [
        pytest.param((), PLAIN, id="one at a time"),
        pytest.param(("--concurrency", "4"), PLAIN, id="in threads"),
        pytest.param(("--concurrency", "4"), ASYNC, id="as tasks"),
        pytest.param(("--no-listen",), PLAIN, id="polling"),
        pytest.param(("--connections", "2", "--procs", "3"), PLAIN, id="three workers"),
        pytest.param(("--preload",), PLAIN, marks=LINUX, id="preloaded"),
    ],
)
def test_of_two_applications_on_one_queue_each_runs_its_own_jobs(
    dsn: str, tmp_path: Path, options: tuple[str, ...], handler: str
) -> None:
    with (
        shop(dsn) as connection,
        serving(dsn, tmp_path, "sales", code("sell", handler=handler), *options) as sales,
        serving(dsn, tmp_path, "stock", code("pack", handler=handler), *options) as stock,
    ):
        for _ in range(20):
            enqueue(connection, "sell", 5)
            enqueue(connection, "pack", 5)
            enqueue(connection, "Sell")
        wait_until(lambda: unfinished(connection) == 20, what="all but those of nobody's to end")
        by = "SELECT job_type, fleet, count(*) FROM public.sold JOIN pooljobs.history USING (id) GROUP BY 1, 2"
        ran = connection.execute(by.encode()).fetchall()
        if "--preload" not in options:  # there a worker's parent is the supervisor too, but by adoption
            assert sorted(ran) == [("pack", stock.process.pid, 100), ("sell", sales.process.pid, 100)]
        assert counts(connection) == {"completed": 200, "pending": 20}
        assert number(connection, CHARGED) == 0


@pytest.mark.hazard("A worker fails jobs that others know")
@pytest.mark.parametrize(
    "more", [(), pytest.param(("--preload",), marks=(LINUX, pytest.mark.long))], ids=["each", "preload"]
)
def test_jobs_of_a_new_type_wait_for_the_reload_that_brings_it(dsn: str, tmp_path: Path, more: tuple[str, ...]) -> None:
    write(tmp_path, code("sell"))
    env = {"PYTHONPATH": str(tmp_path)}
    options = ("--procs", "3", "--poll-interval", "0.2", *more)
    with (
        shop(dsn) as connection,
        Serving(dsn, tmp_path / "log", *options, app="shop:app", env=env) as fleet,
    ):
        write(tmp_path, code("sell", "sell_again"))
        enqueue(connection, "sell_again", 50)
        fleet.signal(signal.SIGHUP)
        for _ in range(15):
            enqueue(connection, "sell_again", 10)
            enqueue(connection, "sell", 10)
        wait_until(lambda: not unfinished(connection), what="all jobs to end")
        wait_until(lambda: "reloaded: 3 workers" in fleet.text, what="the reload to end")
        assert counts(connection) == {"completed": 350}
        assert number(connection, CHARGED) == 0


def test_what_nobody_knows_is_told_of_while_it_waits(dsn: str, tmp_path: Path) -> None:
    with shop(dsn) as connection, serving(dsn, tmp_path, "sales", code("sell")) as sales:
        enqueue(connection, "sel", 3)
        enqueue(connection, "sell", 3)
        wait_until(lambda: "jobs of 'sel'" in sales.text, what="a worker to meet one")
        wait_until(lambda: unfinished(connection) == 3, what="the others to end")
        stats = pooljobs("stats", "--json", dsn=dsn).json
        assert [(row["queue"], row["due"], row["unknown"]) for row in stats] == [("default", 3, 3)]
        assert "unknown" in pooljobs("stats", dsn=dsn).out
        [shown] = pooljobs("jobs", "list", "--limit", "1", "--status", "pending", "--json", dsn=dsn).json
        assert shown["unknown"] is True
        assert "no worker knows it" in pooljobs("jobs", "show", shown["id"], dsn=dsn).out
        assert "no worker knows it" in pooljobs("jobs", "list", dsn=dsn).out
        [ended] = pooljobs("jobs", "list", "--limit", "1", "--status", "completed", "--json", dsn=dsn).json
        assert ended["unknown"] is False


@pytest.mark.hazard(
    "A misspelt type waits for ever; or a look for such jobs walks through millions that are known",
    closed="it fails when no living fleet has declared it for so long; a look goes on where the last one ended "
    "(`fail_unknown.sql`)",
    area="versions",
)
def test_what_nobody_knows_has_failed_after_its_time(dsn: str, tmp_path: Path) -> None:
    with shop(dsn) as connection, serving(dsn, tmp_path, "sales", code("sell"), "--unknown-after", "2") as sales:
        enqueue(connection, "sel", 3)
        connection.execute("SELECT pooljobs.enqueue('sel', delay => '2 s')")
        wait_until(lambda: unfinished(connection) == 0, what="them to fail")
        rows = connection.execute(
            "SELECT DISTINCT status, last_error, attempts, crashes, finished_at >= run_at + interval '2 s', started_at"
            " FROM pooljobs.history"
        ).fetchall()
        error = "no living worker declares the job type 'sel' (for 2 s; --unknown-after)"
        assert rows == [("failed", error, 0, 0, True, None)]
        assert "jobs failed for good whose type no living worker declares: " in sales.text


@pytest.mark.hazard("A misspelt type waits for ever")
def test_what_a_fleet_declared_that_has_gone_fails_when_it_is_gone_for_so_long(dsn: str, tmp_path: Path) -> None:
    options = ("--unknown-after", "4")
    with shop(dsn) as connection, serving(dsn, tmp_path, "sales", code("sell"), *options) as sales:
        with serving(dsn, tmp_path, "stock", code("pack", options='aliases=("wrap",)'), "--queues", "stock"):
            enqueue(connection, "pack")
            connection.execute("SELECT pooljobs.enqueue('wrap', queue => 'default')")
            connection.execute("UPDATE pooljobs.live SET queue = 'default', run_at = now() - interval '1 hour'")
            wait_until(lambda: "'pack'" in sales.text and "'wrap'" in sales.text, what="both to be met")
        gone = "SELECT max(seen_until) + interval '4 s' FROM pooljobs.fleets WHERE seen_until <= now()"
        wait_until(lambda: unfinished(connection) == 0, what="them to fail")
        since = connection.execute(
            f"SELECT min(finished_at) >= ({gone}) FROM pooljobs.history WHERE status = 'failed'".encode()
        ).fetchone()
        assert since == (True,)
        errors = connection.execute("SELECT last_error FROM pooljobs.history ORDER BY job_type").fetchall()
        assert all("; declared last at 20" in error for (error,) in errors)
        assert len(errors) == 2


@pytest.mark.hazard(
    "Workers that do not know a job hand it round for ever, or wake one another for it",
    closed="each meets a type once, and names of any number are bounded; the host looks for what its workers know",
    area="versions",
)
def test_nobody_is_kept_busy_by_jobs_that_nobody_knows(dsn: str, tmp_path: Path) -> None:
    """Each worker meets a type once; what has another version's flags, or a name of its own, is the same."""
    with shop(dsn) as connection:
        enqueue(connection, "pack", 1000)
        connection.execute("INSERT INTO pooljobs.live (job_type, flags) SELECT 'sell', 8 FROM generate_series(1, 1000)")
        connection.execute(
            "INSERT INTO pooljobs.live (job_type) SELECT 'pack-' || n FROM generate_series(1, 1000) AS n"
        )
        with serving(dsn, tmp_path, "sales", code("sell"), "--procs", "4"):
            for _ in range(20):
                enqueue(connection, "sell", 5)
                wait_until(lambda: unfinished(connection) == 3000, what="what is known to run")
        assert counts(connection) == {"completed": 100, "pending": 3000}
        assert number(connection, "SELECT max(fence) FROM pooljobs.live") <= 4, "more than once for each worker"
        assert number(connection, "SELECT count(*) FROM pooljobs.live WHERE run_at <> created_at") == 0


def test_it_can_be_cancelled_and_the_worker_is_not_replaced_for_it(dsn: str, tmp_path: Path) -> None:
    options = ("--max-jobs-per-child", "1")
    with shop(dsn) as connection, serving(dsn, tmp_path, "sales", code("sell"), *options) as sales:
        enqueue(connection, "pack", 200)
        wait_until(lambda: "'pack'" in sales.text, what="a worker to meet them")
        connection.execute("SELECT pooljobs.cancel(id) FROM pooljobs.live")
        wait_until(lambda: unfinished(connection) == 0, what="them to be cancelled")
        assert counts(connection) == {"cancelled": 200}
        assert "has run" not in sales.text
