"""What is stored, cancelled or completed on a caller's connection goes with its transaction, whatever it comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from pooljobs import Cancellation, DatabaseRefusedError, NotMigratedError, PayloadError, PoolJobs, RefusedError
from pooljobs.enqueue.caller_connection import CallerConnections
from pooljobs.errors import ClaimLostError
from pooljobs.handler.completion import Completion
from pooljobs.job.new_job import NewJob
from tests.support.caller_kinds import KINDS, Opened, settled
from tests.support.claims import SQL, claim, register, scalar
from tests.support.database import DatabaseServer

Conn = psycopg.Connection[Any]
Kind = Callable[..., Opened]

HERE = CallerConnections("pooljobs")
WHEN = datetime(2031, 1, 2, 3, 4, 5, 678, tzinfo=UTC)

pytestmark = pytest.mark.asyncio
every_kind = pytest.mark.parametrize("opened", KINDS.values(), ids=KINDS)
EACH = (
    "psycopg",
    "async psycopg",
    "psycopg2",
    "asyncpg",
    "SQLAlchemy Session on psycopg2",
    "SQLAlchemy Connection on psycopg",
    "SQLAlchemy AsyncSession on asyncpg",
)
each_driver = pytest.mark.parametrize("opened", [KINDS[name] for name in EACH], ids=EACH)
"""Each way to run a statement, once."""


@pytest.fixture(scope="module")
def shared_dsn(server: DatabaseServer) -> Iterator[str]:
    """One database for all: each test has a queue of its own."""
    with server.migrated() as dsn:
        yield dsn


@pytest.fixture
def look(shared_dsn: str) -> Iterator[Conn]:
    with psycopg.connect(shared_dsn, autocommit=True) as connection:
        yield connection


@pytest.fixture
def queue() -> str:
    return str(uuid4())


def names(look: Conn, queue: str) -> list[str]:
    rows = look.execute("SELECT job_type FROM pooljobs.jobs WHERE queue = %s ORDER BY id", (queue,)).fetchall()
    return [row[0] for row in rows]


@pytest.mark.hazard(
    "A job on a caller's connection is committed though the caller rolls back: SQLAlchemy on asyncpg begins a "
    "transaction with its own first statement, and knows of no other",
    closed="what is done on a session or connection of SQLAlchemy's goes through its own `execute` "
    "(`shared/pooljobs/db/callers/sqlalchemy_driver.py`)",
    area="enqueueing",
)
@every_kind
async def test_a_job_commits_with_the_callers_transaction_or_not(
    opened: Kind, shared_dsn: str, look: Conn, queue: str
) -> None:
    """The first statement of each transaction is ours: one that the driver does not see would be committed alone."""
    async with opened(shared_dsn) as given:
        await settled(HERE.insert_with(given.conn, NewJob("rolled back", b"{}", queue)))
        await given.rollback()
        assert names(look, queue) == []
    async with opened(shared_dsn) as given:
        job_id = await settled(HERE.insert_with(given.conn, NewJob("kept", b"{}", queue)))
        assert names(look, queue) == []
        await given.commit()
    assert isinstance(job_id, UUID)
    assert look.execute("SELECT id FROM pooljobs.jobs WHERE queue = %s", (queue,)).fetchall() == [(job_id,)]


@each_driver
async def test_a_savepoint_takes_the_job_away(opened: Kind, shared_dsn: str, look: Conn, queue: str) -> None:
    async with opened(shared_dsn) as given:
        await settled(HERE.insert_with(given.conn, NewJob("kept", b"{}", queue)))
        await given.run("SAVEPOINT here")
        await settled(HERE.insert_with(given.conn, NewJob("rolled back", b"{}", queue)))
        await given.run("ROLLBACK TO SAVEPOINT here")
        await given.commit()
    assert names(look, queue) == ["kept"]


@each_driver
async def test_every_column_arrives(opened: Kind, shared_dsn: str, look: Conn, queue: str) -> None:
    odd = ":a %(b)s %s $1 \\: \"é\" {x} '' ?"
    payload = '{"x": [1, ":a %(b)s %s $1 \\\\: é {x} \'", 12345678901234567890.5]}'
    said: dict[str, Any] = {"tags": (odd, "é"), "meta": payload.encode()}
    job = NewJob(odd, payload.encode(), queue, -1, 7, run_at=WHEN, trace_id=odd, **said)
    async with opened(shared_dsn) as given:
        await settled(HERE.insert_with(given.conn, job))
        await settled(HERE.insert_with(given.conn, NewJob("later", b"{}", queue, delay_secs=90.5)))
        await given.commit()
    row = look.execute(
        """SELECT job_type, payload::text, priority, max_retries, run_at, trace_id, tags, meta::text
        FROM pooljobs.jobs WHERE queue = %s ORDER BY id LIMIT 1""",
        (queue,),
    ).fetchone()
    assert row == (odd, payload, -1, 7, WHEN, odd, [odd, "é"], payload)
    due = "SELECT run_at - created_at FROM pooljobs.jobs WHERE queue = %s AND job_type = 'later'"
    assert scalar(look, due, queue) == timedelta(seconds=90.5)


@each_driver
async def test_many_are_stored_in_order_all_or_none(opened: Kind, shared_dsn: str, look: Conn, queue: str) -> None:
    said: dict[str, Any] = {"trace_id": "t", "tags": ('"\\ é', "b"), "meta": b'{"a": "\\"{,}"}'}
    jobs = [NewJob(f"job {n}", b'{"n": "\\"\\\\ \xc3\xa9"}', queue, **({} if n % 2 else said)) for n in range(40)]
    jobs.append(NewJob("timed", b"[]", queue, run_at=WHEN))
    seen: list[int] = []
    async with opened(shared_dsn) as given:
        await settled(HERE.insert_many_with(given.conn, jobs))
        await given.rollback()
    assert names(look, queue) == []
    async with opened(shared_dsn) as given:
        ids = await settled(HERE.insert_many_with(given.conn, jobs, seen.append))
        assert len(await settled(HERE.insert_many_with(given.conn, []))) == 0
        await given.commit()
    rows = look.execute(
        "SELECT id, job_type, payload, trace_id, tags, meta FROM pooljobs.jobs WHERE queue = %s ORDER BY id", (queue,)
    ).fetchall()
    assert [row[0] for row in rows] == list(ids)
    assert [row[1] for row in rows] == [job.job_type for job in jobs]
    assert rows[0][2:] == ({"n": '"\\ é'}, "t", ['"\\ é', "b"], {"a": '"{,}'})
    assert rows[1][3:] == (None, None, None)
    assert seen[-1] == len(jobs)


@each_driver
async def test_a_cancellation_goes_with_it_too(opened: Kind, shared_dsn: str, look: Conn, queue: str) -> None:
    job_id = HERE.insert_with(look, NewJob("a", b"{}", queue))
    assert isinstance(job_id, UUID)
    status = "SELECT status FROM pooljobs.jobs WHERE queue = %s"
    async with opened(shared_dsn) as given:
        assert await settled(HERE.cancel_with(given.conn, job_id, None)) is Cancellation.CANCELLED
        await given.rollback()
        assert scalar(look, status, queue) == "pending"
    async with opened(shared_dsn) as given:
        assert await settled(HERE.cancel_with(given.conn, job_id, "so: %s")) is Cancellation.CANCELLED
        assert await settled(HERE.cancel_with(given.conn, uuid4(), None)) is Cancellation.UNKNOWN
        await given.commit()
    assert scalar(look, status, queue) == "cancelled"


@every_kind
async def test_a_schedule_goes_with_it_too(opened: Kind, shared_dsn: str, look: Conn, queue: str) -> None:
    app, name = PoolJobs(), f"{queue}: é %s"

    @app.job
    def send(to: str) -> None: ...

    task = send.options(queue=queue, priority=2, max_retries=7)
    async with opened(shared_dsn) as given:
        assert await settled(app.schedule_with(given.conn, name, task, {"to": ":a %(b)s"}, every=60.5)) is True
        await given.rollback()
    assert scalar(look, "SELECT count(*) FROM pooljobs.schedules WHERE name = %s", name) == 0
    async with opened(shared_dsn) as given:
        assert await settled(app.schedule_with(given.conn, name, task, {"to": ":a %(b)s"}, every=60.5)) is True
        assert await settled(app.schedule_with(given.conn, name, task, {"to": "a"}, cron="@daily", jitter=1.5)) is False
        await given.commit()
    row = look.execute(
        """SELECT job_type, payload, queue, priority, max_retries, cron, every, tz, jitter, catch_up, overlap
        FROM pooljobs.schedules WHERE name = %s""",
        (name,),
    ).fetchone()
    assert row == ("send", {"to": "a"}, queue, 2, 7, "@daily", None, "UTC", 1.5, "last", "skip")


@each_driver
async def test_a_schedule_that_the_code_declares_is_refused(opened: Kind, shared_dsn: str, look: Conn) -> None:
    look.execute(
        "INSERT INTO pooljobs.schedules (name, app, job_type, every) VALUES ('it''s', 'default', 't', 60)"
        " ON CONFLICT DO NOTHING"
    )
    async with opened(shared_dsn) as given:
        with pytest.raises(RefusedError, match='"it\'s" is declared in code') as told:
            await settled(PoolJobs().schedule_with(given.conn, "it's", "send", every=60))
        assert told.value.hint == "take another name, or edit the times of that one"
        await given.rollback()


@each_driver
async def test_a_job_is_completed_by_its_claim_alone(opened: Kind, shared_dsn: str, look: Conn, queue: str) -> None:
    HERE.insert_with(look, NewJob("a", b"{}", queue))
    (job,) = claim(look, register(look), queues=(queue,)) or []
    text = SQL.load("complete_in_transaction")
    right = Completion(text, job_id=job.id, fence=job.fence, token=job.token, started_ns=1)
    wrong = Completion(text, job_id=job.id, fence=job.fence + 1, token=job.token, started_ns=1)
    status = "SELECT status FROM pooljobs.jobs WHERE queue = %s"
    async with opened(shared_dsn) as given:
        await settled(right.on(given.conn))
        await given.rollback()
        assert scalar(look, status, queue) == "running"
    async with opened(shared_dsn) as given:
        with pytest.raises(ClaimLostError):
            await settled(wrong.on(given.conn))
        await settled(right.on(given.conn))
        await given.commit()
    assert scalar(look, status, queue) == "completed"


@each_driver
async def test_the_settings_of_the_session_do_not_matter(opened: Kind, shared_dsn: str, look: Conn, queue: str) -> None:
    async with opened(shared_dsn) as given:
        await given.run("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
        await given.run("SET LOCAL search_path = ''")
        await given.run("SET LOCAL datestyle = 'SQL, DMY'")
        await given.run("SET LOCAL timezone = 'Asia/Kathmandu'")
        await given.run("SET LOCAL array_nulls = on")
        job = NewJob("back\\slash", b'{"a": "\\\\"}', queue, run_at=WHEN, delay_secs=1e-7)
        await settled(HERE.insert_with(given.conn, job))
        await settled(HERE.insert_many_with(given.conn, [job]))
        await given.commit()
    rows = look.execute("SELECT job_type, payload, run_at FROM pooljobs.jobs WHERE queue = %s", (queue,)).fetchall()
    assert rows == [("back\\slash", {"a": "\\"}, WHEN)] * 2


@each_driver
async def test_an_aborted_transaction_is_the_drivers_error(opened: Kind, shared_dsn: str, queue: str) -> None:
    async with opened(shared_dsn) as given:
        with pytest.raises(Exception, match="no_such_table"):
            await given.run("SELECT * FROM no_such_table")
        for call in (
            lambda: HERE.insert_with(given.conn, NewJob("a", b"{}", queue)),
            lambda: HERE.insert_many_with(given.conn, [NewJob("a", b"{}", queue)]),
            lambda: HERE.cancel_with(given.conn, uuid4(), None),
        ):
            with pytest.raises(Exception, match=r"(?s)current transaction is aborted") as caught:
                await settled(call())
            assert type(caught.value).__module__.split(".")[0] in ("psycopg", "psycopg2", "asyncpg", "sqlalchemy")
        await given.rollback()


@each_driver
async def test_what_is_wrong_with_the_schema_or_the_payload_is_told(opened: Kind, shared_dsn: str, queue: str) -> None:
    nowhere = CallerConnections("nowhere")
    for call in (
        lambda conn: nowhere.insert_with(conn, NewJob("a", b"{}", queue)),
        lambda conn: nowhere.insert_many_with(conn, [NewJob("a", b"{}", queue)]),
        lambda conn: nowhere.cancel_with(conn, uuid4(), None),
        lambda conn: PoolJobs(schema="nowhere").schedule_with(conn, "s", "send", every=60),
    ):
        async with opened(shared_dsn) as given:
            with pytest.raises(NotMigratedError, match="'nowhere' is not in this database"):
                await settled(call(given.conn))
            await given.rollback()
    for many in (False, True):
        async with opened(shared_dsn) as given:
            job = NewJob("a", b'{"secret": "hunter2\\u0000"}', queue)
            with pytest.raises(PayloadError) as caught:
                await settled(HERE.insert_many_with(given.conn, [job]) if many else HERE.insert_with(given.conn, job))
            assert "hunter2" not in repr((caught.value, caught.value.__cause__))
            await given.rollback()


@each_driver
async def test_who_may_not_is_told_so(opened: Kind, shared_dsn: str, look: Conn, queue: str) -> None:
    role = f"guest_{queue}"
    look.execute(f'CREATE ROLE "{role}"'.encode())
    async with opened(shared_dsn) as given:
        await given.run(f'SET LOCAL ROLE "{role}"')
        with pytest.raises(DatabaseRefusedError, match="permission denied"):
            await settled(HERE.insert_with(given.conn, NewJob("a", b"{}", queue)))
        await given.rollback()
    look.execute(f'DROP ROLE "{role}"'.encode())


@each_driver
async def test_a_schema_of_any_name(opened: Kind, empty_dsn: str) -> None:
    from pooljobs.db.schema.migrator import migrate

    name = 'a:b %s \\:c "d" $1 {e} \'f'
    migrate(empty_dsn, schema=name)
    there = CallerConnections(name)
    async with opened(empty_dsn) as given:
        job_id = await settled(there.insert_with(given.conn, NewJob("a", b"{}")))
        await settled(there.insert_many_with(given.conn, [NewJob("b", b"{}")]))
        assert await settled(there.cancel_with(given.conn, job_id, None)) is Cancellation.CANCELLED
        await given.commit()


@every_kind
async def test_the_methods_that_users_call(opened: Kind, shared_dsn: str, look: Conn, queue: str) -> None:
    app = PoolJobs()

    @app.job(queue=queue)
    def greet(name: str) -> None: ...

    async with opened(shared_dsn) as given:
        handle = await settled(greet.enqueue_with(given.conn, name="Ada"))
        assert (handle.job_type, handle.queue) == ("greet", queue)
        assert await settled(app.cancel_with(given.conn, handle)) is Cancellation.CANCELLED
        await given.commit()
