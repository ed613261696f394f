"""Whoever may create in a schema of the search_path gets none of his code run by us, whoever connects."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import AsyncConnection, Connection

from pooljobs import PoolJobs
from pooljobs.db.schema.grants import grant
from pooljobs.db.schema.migrator import migrate
from pooljobs.db.schema.preflight import check
from pooljobs.db.schema.purposes import PURPOSES
from pooljobs.handler.completion import Completion
from pooljobs.operations.reader import open_reader
from pooljobs.settings import ServeSettings
from tests.support.claims import SQL, claim, register
from tests.support.database import DatabaseServer
from tests.support.hostile import calls, make_hostile, watched

Conn = Connection[Any]


@pytest.fixture(scope="module")
def hostile(server: DatabaseServer) -> Iterator[str]:
    """DSN of a database whose search_path begins with the hostile schema."""
    with server.empty() as dsn:
        with psycopg.connect(dsn, autocommit=True) as connection:
            make_hostile(connection)
        yield dsn


@pytest.fixture
def watcher(hostile: str) -> Iterator[Conn]:
    with watched(hostile) as connection:
        yield connection


@pytest.fixture
def caller(hostile: str, watcher: Conn) -> Iterator[Conn]:
    """A connection of an application's, with the database's search_path. It begins after ``migrate``."""
    migrate(hostile)
    with psycopg.connect(hostile, autocommit=True) as connection:
        yield connection


def test_the_schema_is_as_hostile_as_it_looks(hostile: str) -> None:
    with psycopg.connect(hostile, autocommit=True) as victim:
        for query in ("SELECT now()", "SELECT 1 + 1", "SELECT 'a'::text", "SELECT count(*) > 0 FROM pg_class"):
            victim.execute("DELETE FROM calls")
            victim.execute(query.encode())
            assert calls(victim), query


@pytest.mark.hazard(
    "Who may create in a schema of the search_path makes functions, operators or types that match better than "
    "PostgreSQL's: they run as whoever migrates, serves or enqueues",
    closed="names are looked up in `pg_catalog` alone, or have a schema (`docs/internals/data.md`)",
    area="database",
)
def test_nor_do_migrations_call_it(hostile: str, watcher: Conn) -> None:
    watcher.execute("DROP SCHEMA IF EXISTS pooljobs CASCADE")
    migrate(hostile)
    migrate(hostile)
    watcher.execute("SELECT pooljobs.ensure_partitions(40)")


def test_nor_do_functions_on_a_callers_connection(caller: Conn, watcher: Conn) -> None:
    caller.execute("INSERT INTO pooljobs.idle_hosts VALUES ('default', 1, 'infinity')")
    watcher.execute("TRUNCATE hostile.calls")  # the cast of 'infinity' was our own
    job = caller.execute("SELECT pooljobs.enqueue('a', queue => 'default')").fetchone()
    assert job is not None
    for call in (
        "cancel($1, 'why')",
        "cancel_pending($1, 'why')",
        "complete($1, 1, 1, 0.1)",
        "ensure_partitions(30)",
        "notify_one('default', null)",
        "notify_many('{default}', '{null}')",
        "any_host_idle()",
        "uuid_v7()",
    ):
        caller.execute(f"PREPARE one (pg_catalog.uuid) AS SELECT pooljobs.{call}".encode())
        caller.execute(f"EXECUTE one ('{job[0]}')".encode())
        caller.execute("DEALLOCATE one")
    caller.execute("SELECT pooljobs.look_up_types('{a}')")


@pytest.mark.hazard("Who may create in a schema of the search_path makes functions")
def test_nor_do_our_statements_there(caller: Conn, hostile: str) -> None:
    with closing(PoolJobs(hostile)) as app:

        @app.job
        def plain(n: int) -> None: ...

        plain.enqueue(1)
        plain.options(delay=60, priority=1).enqueue(1)
        plain.enqueue_many([{"n": n} for n in range(10)])
        job = plain.enqueue_with(caller, 1)
        app.cancel_with(caller, job.id, reason="why")
        app.cancel(plain.enqueue(1).id)
        asyncio.run(_async(plain, app, hostile))


async def _async(plain: Any, app: PoolJobs, dsn: str) -> None:
    async with await AsyncConnection.connect(dsn) as connection:
        job = await plain.enqueue_with(connection, 1)
        await app.cancel_with(connection, job.id)


def test_nor_does_a_completion_in_the_handlers_transaction(caller: Conn, watcher: Conn) -> None:
    worker = register(watcher)
    watcher.execute("SELECT pooljobs.enqueue('a', queue => 'mine')")
    (job,) = claim(watcher, worker, queues=("mine",)) or []
    completion = Completion(
        SQL.load("complete_in_transaction"), job_id=job.id, fence=job.fence, token=job.token, started_ns=1
    )
    completion.on(caller)
    assert completion.used


Command = Callable[[str], object]


def listed(dsn: str) -> object:
    with open_reader(dsn, "pooljobs") as reader:
        return reader.list_jobs(statuses=["pending", "failed"], queue="a", job_type="b"), reader.list_jobs()


def counted(dsn: str) -> object:
    with open_reader(dsn, "pooljobs") as reader:
        return reader.count(), reader.count("a")


def changed(dsn: str) -> object:
    with closing(PoolJobs(dsn)) as app:
        job_id: UUID = app.enqueue("one", {}).id
    with open_reader(dsn, "pooljobs") as reader:
        found = reader.find(str(job_id))["id"]
        return reader.cancel(found, "why"), reader.retry(found), reader.still_live([found])


def checked(dsn: str) -> object:
    return check(ServeSettings(dsn=dsn, app=""))


def granted(dsn: str) -> None:
    for purpose in PURPOSES:
        grant(dsn, "pooljobs", "pg_monitor", purpose)


@pytest.mark.parametrize("command", [listed, counted, changed, checked, granted], ids=lambda one: one.__name__)
@pytest.mark.usefixtures("caller")
def test_nor_does_a_command(hostile: str, command: Command) -> None:
    command(hostile)
