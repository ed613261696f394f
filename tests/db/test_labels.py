"""Tags and meta go with a job wherever it goes, however it was enqueued; handler and operators read them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest
from psycopg import Connection, errors
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from pooljobs import JobContext, PoolJobs, Task
from pooljobs.db.store.producer import Producer
from pooljobs.job.new_job import NewJob
from pooljobs.job.verdict import Verdict
from pooljobs.operations.reader import Reader
from pooljobs_cli.output.job_json import job_json
from pooljobs_cli.output.job_sheet import job_sheet
from tests.support.claims import SQL, claim, register, scalar, settle_all
from tests.support.hostile_text import HOSTILE, harm
from tests.support.in_process import working
from tests.support.odd_rows import EXTREMES
from tests.support.roles import role_for

Conn = Connection[Any]

TAGS = ["import", 'acme, "é" {x} \'']
META = {"customer": 7, "file": 'a\\b "c" %s :d ?', "deep": [None, True, {"n": 1.5}]}


@pytest.fixture
def app(dsn: str) -> Iterator[PoolJobs]:
    with PoolJobs(dsn, pool_size=2) as made:
        yield made


@pytest.fixture
def task(app: PoolJobs) -> Task:
    @app.job
    def load(n: int) -> None: ...

    return load


def labels(connection: Conn) -> list[tuple[Any, Any]]:
    return connection.execute("SELECT tags, meta FROM pooljobs.jobs ORDER BY id").fetchall()


def test_each_way_of_enqueueing_stores_them(app: PoolJobs, task: Task, dsn: str, connection: Conn) -> None:
    bound = task.options(tags=TAGS, meta=META)
    with psycopg.connect(dsn, autocommit=True) as caller:
        bound.enqueue(n=1)
        asyncio.run(bound.enqueue_async(n=2))
        bound.enqueue_with(caller, n=3)
        bound.enqueue_many([{"n": 4}, {"n": 5}])
        bound.enqueue_many_with(caller, [{"n": 6}])
        app.enqueue("load", {"n": 7}, tags=TAGS, meta=META)
        app.enqueue("undeclared", {}, tags=TAGS, meta=META)
        app.enqueue_many("load", [{"n": 8}], tags=TAGS, meta=META)
    assert labels(connection) == [(TAGS, META)] * 9


def test_jobs_of_several_callers_that_are_stored_together_have_each_its_own(dsn: str, connection: Conn) -> None:
    made = [NewJob("a", b"{}"), NewJob("a", b"{}", tags=("x",)), NewJob("a", b"{}", meta=b'{"y": 1}')]
    with closing(Producer(dsn, "pooljobs", 1)) as producer:
        producer.insert_together(made, time.monotonic() + 10)
    assert labels(connection) == [(None, None), (["x"], None), (None, {"y": 1})]


def test_one_bulk_of_jobs_that_differ_in_them(dsn: str, connection: Conn) -> None:
    with closing(Producer(dsn, "pooljobs", 1)) as producer:
        producer.insert_many(NewJob("a", b"{}", tags=(tag,)) for tag in ("x", "y"))
    assert labels(connection) == [(["x"], None), (["y"], None)]


def test_unique_jobs_keep_those_of_the_one_that_is_there(app: PoolJobs, dsn: str, connection: Conn) -> None:
    @app.job(unique=True)
    def once(n: int) -> None: ...

    with psycopg.connect(dsn, autocommit=True) as caller:
        once.options(tags=TAGS, meta=META).enqueue(n=1)
        once.options(tags=["other"], on_conflict="replace").enqueue(n=1)
        once.options(tags=TAGS, meta=META).enqueue_many([{"n": 2}])
        once.options(tags=TAGS, meta=META).enqueue_with(caller, n=3)
        once.options(tags=TAGS, meta=META).enqueue_many_with(caller, [{"n": 4}])
    assert labels(connection) == [(TAGS, META)] * 4


def test_from_sql(connection: Conn) -> None:
    for arguments in (
        "tags => ARRAY['b', 'a', 'b'], meta => '{\"c\": 7}'",
        "tags => ARRAY['b', 'a'], meta => '{\"c\": 7}', unique_key => 'k'",
        "tags => '{}', meta => '{}'",
        "meta => NULL, tags => NULL, unique_key => 'other'",
    ):
        connection.execute(f"SELECT pooljobs.enqueue('a', {arguments})".encode())
    assert labels(connection) == [(["b", "a"], {"c": 7})] * 2 + [(None, None)] * 2


@pytest.mark.parametrize(
    ("arguments", "said", "cure"),
    [
        ("tags => ARRAY['a', NULL]", "a tag has 1 to 64 characters, and 'null' has not", "meta"),
        ("tags => ARRAY['']", "a tag has 1 to 64 characters, and '' has not", "meta"),
        (f"tags => ARRAY['{'x' * 65}']", "a tag has 1 to 64 characters", "meta"),
        ("tags => ARRAY(SELECT n::text FROM generate_series(1, 17) AS n)", "at most 16 tags, not 17", "meta"),
        ("meta => '[1]'", "meta must be a JSON object, not array", "names and values"),
        ("meta => jsonb_build_object('a', repeat('x', 4088))", "at most 4096 bytes of JSON, not 4097", "payload"),
    ],
)
def test_from_sql_the_same_is_refused(connection: Conn, arguments: str, said: str, cure: str) -> None:
    for more in ("", ", unique_key => 'k'"):
        with pytest.raises(errors.InvalidParameterValue) as refused:
            connection.execute(f"SELECT pooljobs.enqueue('a', {arguments}{more})".encode())
        assert said in (refused.value.diag.message_primary or "")
        assert cure in (refused.value.diag.message_hint or "")
    connection.execute("SELECT pooljobs.enqueue('a', meta => jsonb_build_object('a', repeat('x', 4087)))")
    assert scalar(connection, "SELECT count(*) FROM pooljobs.live") == 1


def test_who_may_enqueue_may_give_them(owner_dsn: str, connection: Conn) -> None:
    with role_for(owner_dsn, "enqueuer") as theirs, PoolJobs(theirs) as app:
        app.enqueue("a", {}, tags=TAGS, meta=META)
        app.enqueue_many("a", [{}], tags=TAGS, meta=META)
        with psycopg.connect(theirs, autocommit=True) as caller:
            caller.execute("SELECT pooljobs.enqueue('a', tags => ARRAY['x'])")
    assert labels(connection) == [(TAGS, META), (TAGS, META), (["x"], None)]


def test_they_stay_through_returns_ends_and_another_run(app: PoolJobs, connection: Conn) -> None:
    job_id = app.enqueue("a", {}, tags=TAGS, meta=META).id
    worker = register(connection)
    for verdict in (Verdict.RETRY, Verdict.RELEASED, Verdict.SNOOZED, Verdict.FAILED):
        (one,) = claim(connection, worker) or []
        assert settle_all(connection, one.settled(verdict, delay=0.0)) == set()
        assert labels(connection) == [(TAGS, META)], verdict
    assert Reader(connection).retry(job_id)
    (one,) = claim(connection, worker) or []
    connection.execute("UPDATE pooljobs.workers SET dead_at = now()")
    connection.execute(SQL.load("release_dead"), {"worker_ids": [worker], "lost": False, "max_losses": 3})
    assert labels(connection) == [(TAGS, META)]
    (one,) = claim(connection, register(connection)) or []
    assert settle_all(connection, one.settled(Verdict.COMPLETED)) == set()
    assert scalar(connection, "SELECT count(*) FROM pooljobs.history") == 1
    assert labels(connection) == [(TAGS, META)]
    app.cancel(app.enqueue("a", {}, tags=TAGS, meta=META))
    assert labels(connection) == [(TAGS, META)] * 2


def test_a_handler_reads_them_beside_jobs_that_have_none(dsn: str) -> None:
    app, seen = PoolJobs(dsn), []

    @app.job
    def look(ctx: JobContext) -> None:
        seen.append((ctx.tags, ctx.meta))

    with working(app, dsn) as run_all:
        look.enqueue()
        look.options(tags=TAGS).enqueue()
        look.options(meta=META).enqueue()
        run_all()
    assert seen == [((), {}), (tuple(TAGS), {}), ((), META)]


def test_meta_that_is_long_as_postgresql_writes_it_is_read_too(dsn: str) -> None:
    app, seen, meta = PoolJobs(dsn), [], {"a": [1e308] * 500}

    @app.job
    def look(ctx: JobContext) -> None:
        seen.append(ctx.meta)

    with working(app, dsn) as run_all:
        look.options(meta=meta).enqueue()
        run_all()
    assert [len(each["a"]) for each in seen] == [500]


def test_what_handlers_enqueue_inherits_neither(dsn: str, connection: Conn) -> None:
    app = PoolJobs(dsn)

    @app.job
    def parent() -> None:
        child.enqueue()

    @app.job
    def child() -> None: ...

    with working(app, dsn) as run_all:
        parent.options(tags=TAGS, meta=META, trace_id="t").enqueue()
        run_all()
    assert labels(connection) == [(TAGS, META), (None, None)]
    assert scalar(connection, "SELECT count(*) FROM pooljobs.jobs WHERE trace_id = 't'") == 2


def test_what_anybody_inserts_there_hinders_no_other_job(dsn: str, connection: Conn) -> None:
    """Documents of any shape and size; those that are too large are not read at all."""
    app, seen = PoolJobs(dsn), []

    @app.job
    def look(ctx: JobContext, n: int) -> None:
        seen.append(n)
        assert all(isinstance(tag, str) for tag in ctx.tags)
        assert isinstance(ctx.meta, dict)

    deep, large = "[" * 3000 + "]" * 3000, f'["{"x" * 3_000_000}"]'
    odd = [*EXTREMES["jsonb"], '{"a": 1}', '["a", 1, null]', large, deep]
    with working(app, dsn) as run_all:
        for n, document in enumerate(odd):
            for columns in ("tags", "meta"):
                insert = f"INSERT INTO pooljobs.live (job_type, payload, {columns}) VALUES ('look', %s, %s::jsonb)"
                connection.execute(insert.encode(), (Jsonb({"n": n}), document))
        look.enqueue(n=-1)
        run_all()
    assert set(seen) == {-1, *range(len(odd))}
    failed = connection.execute("SELECT last_error FROM pooljobs.history WHERE status <> 'completed'").fetchall()
    pending = connection.execute("SELECT last_error FROM pooljobs.live").fetchall()
    assert [text.splitlines()[0] for (text,) in failed + pending if "nested too deeply" not in text] == []
    assert Reader(connection).list_jobs(tag="a")
    for whole in (True, False):
        for row in Reader(connection).list_jobs(limit=100, whole=whole):
            job_json(row)
            job_sheet(Reader(connection).find(str(row["id"])))


def test_jobs_are_listed_by_a_tag_and_show_both(dsn: str, connection: Conn) -> None:
    app = PoolJobs(dsn)
    with app:
        wanted = app.enqueue("a", {}, tags=["x", HOSTILE[:60]], meta={"k": HOSTILE})
        app.enqueue("b", {}, tags=["y"])
        app.enqueue("c", {}, meta={"x": 1})
    reader = Reader(connection)
    assert [row["id"] for row in reader.list_jobs(tag="x")] == [wanted.id]
    assert reader.list_jobs(tag="x", job_type="b") == []
    (one,) = [each for each in claim(connection, register(connection)) or [] if each.id == wanted.id]
    settle_all(connection, one.settled(Verdict.COMPLETED))
    assert [row["id"] for row in reader.list_jobs(tag="x")] == [wanted.id], "ended ones too"
    sheet = "\n".join(str(cell) for column in job_sheet(reader.find(str(wanted.id))).columns for cell in column.cells)
    assert harm(sheet) == []
    assert '"k":' in sheet
    (told,) = [job_json(row) for row in reader.list_jobs(tag="x", whole=True)]
    assert {"tags", "meta", "progress"} <= told.keys()


def test_a_job_without_any_is_stored_as_before(app: PoolJobs, task: Task, connection: Conn) -> None:
    task.enqueue(n=1)
    task.enqueue_many([{"n": 2}])
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute("SELECT tags, meta, flags FROM pooljobs.live").fetchall()
    assert rows == [{"tags": None, "meta": None, "flags": None}] * 2
