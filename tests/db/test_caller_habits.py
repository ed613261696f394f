"""Whatever an application has set its connections to, jobs are stored on them as on any other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import psycopg
import psycopg2.extras
import pytest
import sqlalchemy as sa
from psycopg.adapt import Dumper, Loader
from psycopg.rows import dict_row, scalar_row
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from pooljobs import Cancellation
from pooljobs.enqueue.caller_connection import CallerConnections
from pooljobs.job.new_job import NewJob
from tests.support.caller_kinds import asyncpg_arguments, psycopg2_arguments, settled, url
from tests.support.claims import scalar
from tests.support.database import DatabaseServer

HERE = CallerConnections("pooljobs")
WHEN = datetime(2031, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
PAYLOAD = '{"n": [1, {"é": "\\\\"}]}'

pytestmark = pytest.mark.asyncio


@pytest.fixture(scope="module")
def shared_dsn(server: DatabaseServer) -> Iterator[str]:
    with server.migrated() as dsn:
        yield dsn


@pytest.fixture
def look(shared_dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(shared_dsn, autocommit=True) as connection:
        yield connection


async def everything_on(conn: Any, queue: str) -> None:
    """Stores three jobs, and cancels one of them."""
    job = NewJob("a", PAYLOAD.encode(), queue, 1, 5, run_at=WHEN, trace_id="t")
    job_id = await settled(HERE.insert_with(conn, job))
    many = await settled(HERE.insert_many_with(conn, [job, job._replace(run_at=None, delay_secs=5, trace_id=None)]))
    assert all(isinstance(each, UUID) for each in (job_id, *many))
    assert await settled(HERE.cancel_with(conn, job_id, "why")) is Cancellation.CANCELLED


def stored(look: psycopg.Connection[Any], queue: str) -> None:
    """They are there, as they were meant."""
    rows = look.execute(
        """SELECT payload::text, priority, max_retries, trace_id, run_at = %s, status FROM pooljobs.jobs
        WHERE queue = %s ORDER BY trace_id NULLS LAST, status""",
        (WHEN, queue),
    ).fetchall()
    as_given = (PAYLOAD, 1, 5, "t", True)
    assert rows == [(*as_given, "cancelled"), (*as_given, "pending"), (PAYLOAD, 1, 5, None, False, "pending")]


class Base(DeclarativeBase): ...


class Customer(Base):
    __tablename__ = "customers"
    name: Mapped[str] = mapped_column(primary_key=True)


class Shouting(Dumper):
    """One that an application has for its own texts."""

    def dump(self, obj: Any) -> bytes:
        raise AssertionError(obj)


class Numbered(Loader):
    """One for UUIDs that are to be something else."""

    def load(self, data: Any) -> int:
        return UUID(bytes(data).decode()).int


class Exact(Loader):
    """One for numbers."""

    def load(self, data: Any) -> Decimal:
        return Decimal(bytes(data).decode())


def adapted(conn: psycopg.Connection[Any]) -> None:
    conn.adapters.register_loader("int8", Exact)
    for name in ("uuid", "timestamptz", "jsonb"):
        conn.adapters.register_loader(name, Numbered)
    for kind in (int, float, bool, list, dict, datetime, UUID, bytes):
        conn.adapters.register_dumper(kind, Shouting)


PSYCOPG: dict[str, tuple[dict[str, Any], Callable[[Any], object]]] = {
    "rows are dicts": ({"row_factory": dict_row}, str),
    "rows are scalars": ({"row_factory": scalar_row}, str),
    "raw cursors": ({"cursor_factory": psycopg.RawCursor}, str),
    "client cursors": ({"cursor_factory": psycopg.ClientCursor}, str),
    "nothing is prepared": ({"prepare_threshold": None}, str),
    "all is prepared": ({"prepare_threshold": 0}, str),
    "each statement is committed": ({"autocommit": True}, str),
    "another encoding": ({"client_encoding": "LATIN1"}, str),
    "types of its own": ({}, adapted),
}


@pytest.mark.parametrize("habit", PSYCOPG)
async def test_of_psycopg(habit: str, shared_dsn: str, look: psycopg.Connection[Any]) -> None:
    queue, (options, prepare) = str(uuid4()), PSYCOPG[habit]
    with psycopg.connect(shared_dsn, **options) as conn:
        prepare(conn)
        await everything_on(conn, queue)
    stored(look, queue)


async def test_of_psycopg_in_a_pipeline(shared_dsn: str, look: psycopg.Connection[Any]) -> None:
    queue = str(uuid4())
    with psycopg.connect(shared_dsn) as conn, conn.pipeline():
        await everything_on(conn, queue)
    stored(look, queue)


async def test_many_are_whole_where_each_statement_is_committed(
    shared_dsn: str, look: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pooljobs.db.wire.bulk_copy.MOST", 1)  # jobs of a COPY: there are several
    queue = str(uuid4())

    def jobs() -> Iterator[NewJob]:
        yield NewJob("a", b"{}", queue)
        yield NewJob("b", b"{}", queue)
        raise LookupError

    with psycopg.connect(shared_dsn, autocommit=True) as conn:
        with pytest.raises(LookupError):
            HERE.insert_many_with(conn, jobs())
        HERE.insert_with(conn, NewJob("kept", b"{}", queue))
    assert look.execute("SELECT job_type FROM pooljobs.jobs WHERE queue = %s", (queue,)).fetchall() == [("kept",)]


PSYCOPG2: dict[str, tuple[dict[str, Any], Callable[[Any], object]]] = {
    "rows are dicts": ({"cursor_factory": psycopg2.extras.RealDictCursor}, str),
    "rows are named": ({"cursor_factory": psycopg2.extras.NamedTupleCursor}, str),
    "it logs": ({"connection_factory": psycopg2.extras.LoggingConnection}, lambda conn: conn.initialize(Sink())),
    "each statement is committed": ({}, lambda conn: conn.set_session(autocommit=True)),
    "another encoding": ({}, lambda conn: conn.set_client_encoding("LATIN1")),
    "types of its own": ({}, lambda conn: psycopg2.extras.register_uuid(conn_or_curs=conn)),
}


class Sink:
    def write(self, _text: str) -> None: ...


@pytest.mark.parametrize("habit", PSYCOPG2)
async def test_of_psycopg2(habit: str, shared_dsn: str, look: psycopg.Connection[Any]) -> None:
    queue, (options, prepare) = str(uuid4()), PSYCOPG2[habit]
    conn = psycopg2.connect(**psycopg2_arguments(shared_dsn), **options)
    prepare(conn)
    await everything_on(conn, queue)
    conn.commit()
    conn.close()
    stored(look, queue)


class OwnRecord(asyncpg.Record):  # type: ignore[misc]  # asyncpg has no types
    def __getitem__(self, key: Any) -> Any:
        assert isinstance(key, str)  # asyncpg's own
        return super().__getitem__(key)


async def with_codecs(conn: Any) -> None:
    for name in ("jsonb", "json", "uuid", "timestamptz", "float8", "int8", "int4", "int2", "bool"):
        await conn.set_type_codec(name, schema="pg_catalog", encoder=refuse, decoder=lambda value: value)


def refuse(value: Any) -> str:
    raise AssertionError(value)


@pytest.mark.hazard(
    "An application's own codec for JSON, UUIDs or times makes another value of what an enqueue sends",
    closed="on callers' connections every parameter is a text, cast by the server "
    "(`shared/pooljobs/db/callers/caller_statement.py`)",
    area="enqueueing",
)
@pytest.mark.parametrize(
    "options",
    [{}, {"statement_cache_size": 0}, {"record_class": OwnRecord}],
    ids=["types of its own", "nothing is prepared", "rows of its own"],
)
async def test_of_asyncpg(options: dict[str, Any], shared_dsn: str, look: psycopg.Connection[Any]) -> None:
    queue = str(uuid4())
    conn = await asyncpg.connect(**asyncpg_arguments(shared_dsn), **options)
    await with_codecs(conn)
    await everything_on(conn, queue)  # each statement is committed by itself
    await conn.close()
    stored(look, queue)


ENGINES: dict[str, dict[str, Any]] = {
    "each statement is committed": {"isolation_level": "AUTOCOMMIT"},
    "serializable": {"isolation_level": "SERIALIZABLE"},
    "rows are streamed": {"execution_options": {"stream_results": True, "max_row_buffer": 1}},
    "rows come in parts": {"execution_options": {"yield_per": 2}},
    "schemas have other names": {"execution_options": {"schema_translate_map": {None: "x", "pooljobs": "y"}}},
    "JSON of its own": {"json_serializer": refuse, "json_deserializer": refuse},
    "nothing is compiled twice": {"query_cache_size": 0},
}


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
@pytest.mark.parametrize("habit", ENGINES)
async def test_of_sqlalchemy(habit: str, driver: str, shared_dsn: str, look: psycopg.Connection[Any]) -> None:
    queue, engine = str(uuid4()), sa.create_engine(url(shared_dsn, driver), **ENGINES[habit])
    with Session(engine) as session, session.begin():
        await everything_on(session, queue)
    engine.dispose()
    stored(look, queue)


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
@pytest.mark.parametrize("habit", ENGINES)
async def test_of_asynchronous_sqlalchemy(
    habit: str, driver: str, shared_dsn: str, look: psycopg.Connection[Any]
) -> None:
    queue, engine = str(uuid4()), create_async_engine(url(shared_dsn, driver), **ENGINES[habit])
    async with AsyncSession(engine) as session, session.begin():
        await everything_on(session, queue)
    await engine.dispose()
    stored(look, queue)


async def test_of_sqlalchemy_behind_a_pooler(shared_dsn: str, look: psycopg.Connection[Any]) -> None:
    """As its documentation says for one in transaction mode."""
    given = {"prepared_statement_cache_size": 0, "statement_cache_size": 0}
    engine = create_async_engine(url(shared_dsn, "asyncpg"), poolclass=sa.NullPool, connect_args=given)
    queue = str(uuid4())
    async with engine.begin() as connection:
        await everything_on(connection, queue)
    stored(look, queue)


async def test_a_sync_session_inside_an_asynchronous_one(shared_dsn: str, look: psycopg.Connection[Any]) -> None:
    engine, queue = create_async_engine(url(shared_dsn, "asyncpg")), str(uuid4())
    async with AsyncSession(engine) as session, session.begin():
        await session.run_sync(lambda inside: HERE.insert_with(inside, NewJob("a", b"{}", queue)))
        assert scalar(look, "SELECT count(*) FROM pooljobs.jobs WHERE queue = %s", queue) == 0
    await engine.dispose()
    assert scalar(look, "SELECT count(*) FROM pooljobs.jobs WHERE queue = %s", queue) == 1


async def test_one_unit_of_work_with_objects_of_the_session(shared_dsn: str, look: psycopg.Connection[Any]) -> None:
    """What the session has not flushed yet goes with the job, or not at all."""
    engine, queue = sa.create_engine(url(shared_dsn, "psycopg")), str(uuid4())
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(Customer(name="Ada"))
        HERE.insert_with(session, NewJob("a", b"{}", queue))
        session.rollback()
        session.add(Customer(name="Eve"))
        HERE.insert_with(session, NewJob("b", b"{}", queue))
        session.commit()
    engine.dispose()
    assert look.execute("SELECT name FROM customers").fetchall() == [("Eve",)]
    assert look.execute("SELECT job_type FROM pooljobs.jobs WHERE queue = %s", (queue,)).fetchall() == [("b",)]


async def test_a_closed_connection_is_the_drivers_error(shared_dsn: str) -> None:
    job = NewJob("a", b"{}")
    with psycopg.connect(shared_dsn) as conn:
        conn.close()
        with pytest.raises(psycopg.OperationalError, match="closed"):
            HERE.insert_with(conn, job)
        with pytest.raises(psycopg.OperationalError, match="closed"):
            HERE.insert_many_with(conn, [job])
    old = psycopg2.connect(**psycopg2_arguments(shared_dsn))
    old.close()
    with pytest.raises(psycopg2.InterfaceError, match="closed"):
        HERE.insert_with(old, job)
    other = await asyncpg.connect(**asyncpg_arguments(shared_dsn))
    await other.close()
    with pytest.raises(asyncpg.InterfaceError, match="closed"):
        await settled(HERE.insert_with(other, job))
    with sa.create_engine(url(shared_dsn, "psycopg")).connect() as connection:
        connection.close()
        with pytest.raises(sa.exc.ResourceClosedError):
            HERE.insert_with(connection, job)
