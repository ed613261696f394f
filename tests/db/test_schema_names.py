"""A schema may have any name that PostgreSQL takes: all statements, functions and channels work in it."""

from __future__ import annotations

import asyncio
import re
from contextlib import closing
from importlib import resources
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection, Connection, sql

from pooljobs import PoolJobs
from pooljobs.db.connect import pin
from pooljobs.db.schema.grants import granting
from pooljobs.db.schema.migrator import migrate, pending
from pooljobs.db.schema.purposes import PURPOSES
from pooljobs.db.statements import Statements
from pooljobs.db.store.settlement import SettlementBatch
from pooljobs.handler.completion import Completion
from pooljobs.job.cancellation import Cancellation
from pooljobs.job.verdict import Settlement, Verdict
from pooljobs.operations.reader import open_reader
from pooljobs_worker.claims.claim_statement import ClaimStatement
from pooljobs_worker.claims.lanes import LEVELS, START, ClaimPlan
from pooljobs_worker.session.registration import new_worker_id
from tests.support.claims import FLEET
from tests.support.database import DatabaseServer
from tests.support.hearing import Ear
from tests.support.roles import role_for
from tests.support.schema_names import ODD, WORST

Conn = Connection[Any]


@pytest.fixture(scope="module", params=ODD)
def place(request: pytest.FixtureRequest, server: DatabaseServer) -> Any:
    """DSN of a database with a schema of an odd name, and the name."""
    with server.empty() as dsn:
        migrate(dsn, request.param)
        yield dsn, request.param


@pytest.fixture
def at(place: tuple[str, str]) -> Any:
    with psycopg.connect(place[0], autocommit=True) as connection:
        yield connection


def test_it_is_migrated(place: tuple[str, str], at: Conn) -> None:
    dsn, name = place
    migrate(dsn, name)
    assert pending(dsn, name) == []
    assert at.execute("SELECT to_regnamespace(quote_ident(%s)) IS NOT NULL", (name,)).fetchone() == (True,)


@pytest.mark.hazard(
    "A schema's name ends a quote, a placeholder or a dollar quote of a statement",
    closed="each is rendered for where it stands (`shared/pooljobs/db/statements.py`)",
    area="database",
)
def test_every_statement_can_be_planned(place: tuple[str, str], at: Conn) -> None:
    pin(at)
    statements = Statements(place[1])
    for file in resources.files("pooljobs").joinpath("sql", "statements").iterdir():
        verb = file.name.removesuffix(".sql")
        if verb in ("pass_over", "listen", "listen_ended", "copy_jobs", "copy_unique_jobs"):
            continue
        text = statements.load(verb)
        names = {name.decode() for name in re.findall(rb"%\((\w+)\)s", text)} if b"%(" in file.read_bytes() else set()
        at.execute(b"EXPLAIN " + text, dict.fromkeys(names) if names else None)
    for verb in ("claim", "look_for_work", "look_for_undone", "count_left"):
        text = statements.passing_over(verb)
        at.execute(b"EXPLAIN " + text, {name.decode(): None for name in re.findall(rb"%\((\w+)\)s", text)})


def test_enqueues_reach_whoever_sleeps_there(place: tuple[str, str], at: Conn) -> None:
    dsn, name = place
    at.execute(Statements(name).load("listen"))
    ear = Ear(at)
    idle = sql.SQL("INSERT INTO {} VALUES ('default', 1, 'infinity')").format(sql.Identifier(name, "idle_hosts"))
    at.execute(idle)
    with closing(PoolJobs(dsn, schema=name)) as app, psycopg.connect(dsn, client_encoding="LATIN1") as caller:

        @app.job
        def plain() -> None: ...

        plain.enqueue()
        assert ear.heard() == ["default"]
        plain.enqueue_many([{}, {}])
        assert ear.heard() == ["default"]
        if name.isascii() or name.isidentifier():  # others cannot be said in LATIN1
            plain.enqueue_with(caller)
            caller.commit()
            assert ear.heard() == ["default"]
        asyncio.run(_async(plain, dsn))
        assert ear.heard() == ["default"]
    at.execute(sql.SQL("SELECT {}('a')").format(sql.Identifier(name, "enqueue")))
    assert ear.heard() == ["default"]


async def _async(plain: Any, dsn: str) -> None:
    async with await AsyncConnection.connect(dsn) as connection:
        await plain.enqueue_with(connection)


def test_jobs_are_claimed_settled_completed_cancelled_and_shown(place: tuple[str, str], at: Conn) -> None:
    dsn, name = place
    statements = Statements(name)
    pin(at)
    with closing(PoolJobs(dsn, schema=name)) as app:
        ids = [app.enqueue("b", {}, queue="mine").id for _ in range(3)]
        at.execute(statements.load("renew_fleet"), FLEET)
        me = {"fleet": 1, "code": 0, "host": "h", "pid": 1, "ordinal": 1, "queues": ["mine"], "job_timeout": 30.0}
        worker_id = new_worker_id()
        at.execute(statements.load("register_worker"), me | {"id": worker_id})
        lanes: list[tuple[str, int | None]] = [("mine", level) for level in LEVELS]
        answer = ClaimStatement(statements).ask(
            at, worker_id, 7, 2, ClaimPlan(visits=lanes, floors=[START] * len(lanes), swept=[])
        )
        assert answer is not None
        first, second = answer.jobs(7)
        settled = Settlement(first.id.bytes, first.fence, 7, Verdict.COMPLETED, started_ns=1)
        assert SettlementBatch(statements).settle(at, [settled]) == (set(), set(), {})
        complete = statements.load("complete_in_transaction")
        Completion(complete, job_id=second.id, fence=second.fence, token=7, started_ns=1).on(at)
        assert app.cancel(ids[2]) is Cancellation.CANCELLED
    with open_reader(dsn, name) as reader:
        ended = sorted(job["status"] for job in reader.list_jobs(queue="mine"))
        assert ended == ["cancelled", "completed", "completed"]
        assert reader.retry(ids[2])
        assert [queue["pending"] for queue in reader.count("mine")[0]] == [1]
        assert reader.find(str(ids[0]))["status"] == "completed"


def test_roles_are_granted_it(place: tuple[str, str]) -> None:
    dsn, name = place
    with role_for(dsn, *PURPOSES, schema=name) as least, closing(PoolJobs(least, schema=name)) as app:
        assert app.cancel(app.enqueue("a", {})) is Cancellation.CANCELLED


def test_a_role_may_have_such_a_name_too(connection: Conn) -> None:
    for name in (WORST, "100%"):
        role = sql.Identifier(name)
        connection.execute(sql.SQL("CREATE ROLE {}").format(role))
        try:
            for purpose in PURPOSES:
                connection.execute(granting("pooljobs", name, purpose).encode())
        finally:
            connection.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(role))
