"""How far a job is, as its handler says: written once a second at most, and shown of no other run."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from psycopg import Connection

from pooljobs import JobContext, PoolJobs
from pooljobs.job.job_progress import JobProgress
from pooljobs.operations.reader import Reader
from pooljobs.scoreboard import HeldJob, Slot
from pooljobs.settings import ServeSettings, WorkerSettings
from pooljobs_cli.output.job_json import job_json
from pooljobs_cli.output.job_sheet import job_sheet
from pooljobs_cli.output.job_table import job_table
from pooljobs_worker.claims.claimed_job import ClaimedJob
from pooljobs_worker.components import Components
from pooljobs_worker.execution.factory import make_executor
from pooljobs_worker.settling import progress_reports
from tests.support.claims import SQL, claim, insert, register, scalar
from tests.support.hostile_text import HOSTILE, harm
from tests.support.odd_rows import EXTREMES
from tests.support.waiting import wait_until
from tests.support.worker_parts import claimer_of, worker_parts

Conn = Connection[Any]

SHOWN = "SELECT job_type, progress ->> 'done', progress ->> 'total', progress ->> 'note' FROM pooljobs.jobs ORDER BY id"
WRITTEN = "SELECT count(*) FROM pooljobs.progress"


@pytest.fixture
def components(dsn: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Components]:
    """A worker that never writes twice, unless a test makes time pass."""
    monkeypatch.setattr(progress_reports, "PAUSE", 3600.0)
    with worker_parts(dsn) as made:
        yield made


def begun(components: Components, connection: Conn, count: int = 1) -> list[ClaimedJob]:
    """So many jobs that run."""
    insert(connection, count)
    jobs = claimer_of(components).claim(count)
    components.held.take(jobs)
    for job in jobs:
        components.child.slot.start(job.entry, time.monotonic_ns())
    return jobs


def report(components: Components, job: ClaimedJob, done: float, note: str | None = None) -> None:
    components.progress_reports.take(job, JobProgress(done, 10.0, note))


def a_second_later(components: Components) -> None:
    components.progress_reports._next = 0.0
    components.progress_reports.look()


def test_the_newest_of_each_job_is_written_and_not_more_than_once_a_second(
    components: Components, connection: Conn
) -> None:
    one, other = begun(components, connection, 2)
    for done in range(5):
        report(components, one, done, f"step {done}")
    components.progress_reports.look()
    assert shown(connection) == {("4", "10", "step 4"), (None, None, None)}
    for done in range(5, 8):
        report(components, one, done)
        components.progress_reports.look()
    report(components, other, 1)
    assert shown(connection) == {("4", "10", "step 4"), (None, None, None)}
    a_second_later(components)
    assert shown(connection) == {("7", "10", None), ("1", "10", None)}
    before = scalar(connection, "SELECT xmin::text FROM pooljobs.progress")
    a_second_later(components)
    assert scalar(connection, "SELECT xmin::text FROM pooljobs.progress") == before, "nothing is new"


def shown(connection: Conn) -> set[tuple[Any, ...]]:
    return {row[1:] for row in connection.execute(SHOWN.encode()).fetchall()}


def test_what_is_said_while_the_flusher_looks_is_written_next_time(
    components: Components, connection: Conn, monkeypatch: pytest.MonkeyPatch
) -> None:
    (one,) = begun(components, connection)
    running = Slot.running

    def meanwhile(slot: Slot) -> list[HeldJob]:
        report(components, one, 2)
        return running(slot)

    report(components, one, 1)
    with monkeypatch.context() as patched:
        patched.setattr(Slot, "running", meanwhile)
        a_second_later(components)
    assert shown(connection) == {("1", "10", None)}
    a_second_later(components)
    assert shown(connection) == {("2", "10", None)}


def test_what_has_ended_goes_with_the_next_statement(components: Components, connection: Conn) -> None:
    one, other = begun(components, connection, 2)
    report(components, one, 1, "private")
    report(components, other, 2)
    a_second_later(components)
    components.settler.add(one.completed(1), one.entry)
    components.settler.flush()
    assert shown(connection) == {("2", "10", None), (None, None, None)}, "what has ended is not told of"
    a_second_later(components)
    assert "private" not in scalar(connection, "SELECT reports::text FROM pooljobs.progress")
    components.settler.add(other.completed(1), other.entry)
    components.settler.flush()
    a_second_later(components)
    assert scalar(connection, "SELECT reports::text FROM pooljobs.progress") == "{}"
    assert components.progress_reports._newest == {}


def test_who_reports_after_the_end_of_his_run_is_not_heard(components: Components, connection: Conn) -> None:
    """A thread that a handler left behind; its entry on the scoreboard is another job's by then."""
    (one,) = begun(components, connection)
    components.settler.add(one.completed(1), one.entry)
    components.settler.flush()
    (other,) = begun(components, connection)
    assert other.entry == one.entry
    report(components, one, 1)
    a_second_later(components)
    assert shown(connection) == {(None, None, None)}


@pytest.mark.hazard(
    "What a run says of its progress is shown of a later run of the job, which runs elsewhere",
    closed="the view shows what was said of the claim that stands, by its token (`shared/pooljobs/db/columns.py`)",
    area="ownership",
)
def test_what_a_run_says_that_was_overtaken_is_not_shown(components: Components, connection: Conn) -> None:
    (one,) = begun(components, connection)
    report(components, one, 1)
    a_second_later(components)
    connection.execute("UPDATE pooljobs.live SET worker_id = NULL, token = NULL")
    assert shown(connection) == {(None, None, None)}, "it is pending"
    claim(connection, register(connection))
    report(components, one, 2)
    a_second_later(components)
    assert shown(connection) == {(None, None, None)}, "another worker has it"
    connection.execute("UPDATE pooljobs.live SET worker_id = %s", (components.child.slot.worker_id,))
    assert shown(connection) == {(None, None, None)}, "the same worker, by a later claim"
    connection.execute("UPDATE pooljobs.live SET token = %s", (one.token,))
    assert shown(connection) == {("2", "10", None)}


def test_a_worker_that_is_dead_to_the_database_writes_nothing(components: Components, connection: Conn) -> None:
    (one,) = begun(components, connection)
    connection.execute("UPDATE pooljobs.workers SET dead_at = now()")
    report(components, one, 1)
    a_second_later(components)
    assert scalar(connection, WRITTEN) == 0


def test_what_the_dead_said_is_forgotten(components: Components, connection: Conn) -> None:
    (one,) = begun(components, connection)
    report(components, one, 1)
    a_second_later(components)
    connection.execute("INSERT INTO pooljobs.progress VALUES (1, '{}')")
    connection.execute(SQL.load("forget_workers"))
    assert scalar(connection, "SELECT array_agg(worker_id) FROM pooljobs.progress") == [components.child.slot.worker_id]
    connection.execute("UPDATE pooljobs.workers SET dead_at = now()")
    connection.execute(SQL.load("forget_workers"))
    assert scalar(connection, WRITTEN) == 0


def test_that_it_is_refused_hinders_nothing_and_is_logged_once(
    components: Components, connection: Conn, caplog: pytest.LogCaptureFixture
) -> None:
    (one,) = begun(components, connection)
    connection.execute("ALTER TABLE pooljobs.progress RENAME TO gone")
    with caplog.at_level(logging.ERROR):
        for done in range(3):
            report(components, one, done)
            a_second_later(components)
    assert [record.getMessage().partition("; ")[2] for record in caplog.records] == ["nobody sees how far jobs are"]
    components.settler.add(one.completed(1), one.entry)
    components.settler.flush()
    assert scalar(connection, "SELECT count(*) FROM pooljobs.history") == 1
    a_second_later(components)
    assert components.progress_reports._newest == {}, "what has ended is not kept for it"
    connection.execute("ALTER TABLE pooljobs.gone RENAME TO progress")
    (other,) = begun(components, connection)
    report(components, other, 7)
    a_second_later(components)
    assert ("7", "10", None) in shown(connection)


def test_an_outage_is_not_waited_for(components: Components, connection: Conn) -> None:
    (one,) = begun(components, connection)
    report(components, one, 1)
    connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pooljobs test'"
    )
    a_second_later(components)
    assert scalar(connection, WRITTEN) == 0
    a_second_later(components)
    assert shown(connection) == {("1", "10", None)}, "what was not stored is stored later"


def test_a_worker_whose_handlers_say_nothing_looks_at_nothing(components: Components) -> None:
    assert components.progress_reports.look not in components.flusher._looks
    assert components.progress_reports._newest == {}


@contextmanager
def serving(app: PoolJobs, dsn: str, concurrency: int) -> Iterator[threading.Thread]:
    """A worker in this process that runs what is due, once, in a thread of its own."""
    app.use_dsn(dsn)
    with app, worker_parts(dsn, sessions=2) as components:
        settings = WorkerSettings(concurrency=concurrency, batch_size=10)
        object.__setattr__(components, "settings", ServeSettings(dsn=dsn, app="", worker=settings))
        components.settler.session.open()
        components.flusher.start()
        with make_executor(components, app) as executor:

            def run() -> None:
                while jobs := claimer_of(components).claim(executor.room):
                    executor.run(jobs, full=False)
                executor.finish()

            thread = threading.Thread(target=run)
            try:
                yield thread
            finally:
                thread.join()
                components.flusher.stop()


def test_plain_and_async_handlers_and_their_threads_report_while_they_run(dsn: str, connection: Conn) -> None:
    app, seen = PoolJobs(), threading.Event()

    @app.job
    def plain(ctx: JobContext) -> None:
        ctx.progress(1, 4, "in its thread")
        seen.wait(60)

    @app.job
    def beside(ctx: JobContext) -> None:
        other = threading.Thread(target=ctx.progress, args=(2, 4, "in another"))
        other.start()
        other.join()
        seen.wait(60)

    @app.job(name="async")
    async def coroutine(ctx: JobContext) -> None:
        ctx.progress(3, 4, "in a task")
        await asyncio.to_thread(seen.wait, 60)

    with serving(app, dsn, concurrency=4) as worker:
        for task in (plain, beside, coroutine):
            task.enqueue()
        worker.start()
        told = {("plain", "1", "in its thread"), ("beside", "2", "in another"), ("async", "3", "in a task")}
        try:
            wait_until(
                lambda: {(row[0], row[1], row[3]) for row in connection.execute(SHOWN.encode()).fetchall()} == told,
                what="all to be shown",
            )
        finally:
            seen.set()
    assert scalar(connection, "SELECT count(*) FROM pooljobs.history WHERE status = 'completed'") == 3
    assert shown(connection) == {(None, None, None)}


def test_a_report_that_is_wrong_fails_the_run_and_says_why(dsn: str, connection: Conn) -> None:
    app = PoolJobs()

    @app.job(max_attempts=1)
    def wrong(ctx: JobContext) -> None:
        ctx.progress(-1)

    with serving(app, dsn, concurrency=2) as worker:
        wrong.enqueue()
        worker.start()
    error = scalar(connection, "SELECT last_error FROM pooljobs.history")
    assert error.startswith("pooljobs.errors.OptionError: progress: done must be a number from 0 on, not -1")


def test_it_is_listed_and_shown_as_text_and_as_json(components: Components, connection: Conn) -> None:
    (one,) = begun(components, connection)
    report(components, one, 4, HOSTILE)
    a_second_later(components)
    reader = Reader(connection)
    (row,) = reader.list_jobs()
    assert "40%" in job_table([row], None).plain
    sheet = "\n".join(str(cell) for column in job_sheet(reader.find(str(one.id))).columns for cell in column.cells)
    assert "4 of 10 (40%) at 20" in sheet
    assert harm(sheet) == []
    assert job_json(row)["progress"] is not None


def test_the_handle_tells_it_while_the_job_runs(components: Components, connection: Conn, dsn: str) -> None:
    one, other = begun(components, connection, 2)
    report(components, one, 4, "page \u00e9 '\"")
    a_second_later(components)
    with PoolJobs(dsn) as app:
        job = app.handle(one.id)
        assert job.status().progress == JobProgress(4, 10, "page \u00e9 '\"")
        assert app.handle(other.id).status().progress is None
        connection.execute("UPDATE pooljobs.live SET worker_id = NULL, token = NULL")
        assert job.status().progress is None


def test_what_anybody_writes_there_breaks_no_list(connection: Conn, dsn: str) -> None:
    worker = register(connection)
    insert(connection)
    (one,) = claim(connection, worker) or []
    entries = [*EXTREMES["jsonb"], f'{{"token": {one.token}}}', f'{{"token": {one.token}, "done": 1e400, "at": "x"}}']
    wholes = [f'{{"{one.id}": {entry}}}' for entry in entries]
    app = PoolJobs(dsn)
    for document in (*EXTREMES["jsonb"], *wholes):
        connection.execute("DELETE FROM pooljobs.progress")
        connection.execute("INSERT INTO pooljobs.progress VALUES (%s, %s::jsonb)", (worker, document))
        (row,) = Reader(connection).list_jobs(whole=True)
        job_table([row], None)
        job_json(row)
        job_sheet(Reader(connection).find(str(one.id)))
        assert app.handle(one.id).status().progress is None
    app.close()
