"""Unique jobs on every kind of connection that a caller may pass: with his transaction, and with positions kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import Connection

from pooljobs import JobExistsError
from pooljobs.enqueue.caller_connection import CallerConnections
from pooljobs.job.new_job import NewJob
from pooljobs.job.unique_rule import UniqueRule
from tests.support.caller_kinds import KINDS, Opened, settled
from tests.support.database import DatabaseServer

HERE = CallerConnections("pooljobs")
Kind = Callable[..., Opened]
pytestmark = pytest.mark.asyncio
PAYLOADS = [b'{"n": %d, "odd": "\\"\\\\ %%s :x"}' % (n % 3) for n in range(5)]
every_kind = pytest.mark.parametrize("opened", KINDS.values(), ids=list(KINDS))


@pytest.fixture(scope="module")
def shared_dsn(server: DatabaseServer) -> Iterator[str]:
    with server.migrated() as dsn:
        yield dsn


@pytest.fixture
def look(shared_dsn: str) -> Iterator[Connection[Any]]:
    with psycopg.connect(shared_dsn, autocommit=True) as connection:
        yield connection


@every_kind
async def test_they_commit_with_the_callers_transaction_or_not(
    opened: Kind, shared_dsn: str, look: Connection[Any]
) -> None:
    queue = str(uuid4())
    job = NewJob(f"job {queue}", b"{}", queue, unique=UniqueRule())
    here = "SELECT id FROM pooljobs.live WHERE queue = %s ORDER BY id"
    async with opened(shared_dsn) as given:
        assert (await settled(HERE.insert_unique_with(given.conn, job))).letters == "n"
        await given.rollback()
    async with opened(shared_dsn) as given:
        first = await settled(HERE.insert_unique_with(given.conn, job))
        assert first.letters == "n"
        assert await settled(HERE.insert_unique_with(given.conn, job)) == first._replace(letters="k")
        many = await settled(HERE.insert_unique_many_with(given.conn, job, PAYLOADS))
        assert many.letters == "nnnkk"
        assert many.ids[48:] == many.ids[:32]
        await given.commit()
    rows = [row[0].bytes for row in look.execute(here, (queue,)).fetchall()]
    assert sorted(rows) == sorted([first.ids, *(many.ids[at : at + 16] for at in (0, 16, 32))])


@every_kind
async def test_of_many_none_is_stored_where_one_is_there_and_that_is_an_error(
    opened: Kind, shared_dsn: str, look: Connection[Any]
) -> None:
    queue = str(uuid4())
    job = NewJob(f"job {queue}", PAYLOADS[1], queue, unique=UniqueRule(on_conflict="raise", within=60.0))
    async with opened(shared_dsn) as given:
        there = await settled(HERE.insert_unique_with(given.conn, job))
        with pytest.raises(JobExistsError) as raised:
            await settled(HERE.insert_unique_many_with(given.conn, job, PAYLOADS[:3]))
        assert raised.value.existing.id.bytes == there.ids
        assert (await settled(HERE.insert_unique_many_with(given.conn, job, PAYLOADS[2:3]))).letters == "n"
        await given.commit()
    assert len(look.execute("SELECT id FROM pooljobs.live WHERE queue = %s", (queue,)).fetchall()) == 2
