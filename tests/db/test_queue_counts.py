"""Looks at the queues, one after the other: each end is counted once, whenever it was committed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from pooljobs.job.verdict import Verdict
from pooljobs.operations.queue_counts import Look
from pooljobs.operations.reader import Reader, open_reader
from tests.support.claims import claim, insert, register, settle_all


@pytest.fixture
def reader(dsn: str) -> Iterator[Reader]:
    with open_reader(dsn, "pooljobs") as opened:
        yield opened


def end(connection: Connection[Any], worker: int, verdict: Verdict = Verdict.COMPLETED, jobs: int = 1) -> None:
    insert(connection, jobs)
    held = claim(connection, worker) or []
    assert len(held) == jobs
    assert not settle_all(connection, *(job.settled(verdict, error="x") for job in held))


def ended(look: Look, before: Look) -> list[int | None]:
    return [look.ended_since(before, "default", status) for status in ("completed", "failed")]


def test_each_end_is_counted_by_one_look(connection: Connection[Any], reader: Reader) -> None:
    worker = register(connection)
    nothing = reader.look()
    assert (nothing.rows, nothing.queues) == ({}, 0)
    end(connection, worker, jobs=3)
    first = reader.look(before=nothing)
    assert ended(first, nothing) == [3, 0]
    end(connection, worker, Verdict.FAILED)
    second = reader.look(before=first)
    assert ended(second, first) == [0, 1]
    third = reader.look(before=second)
    assert ended(third, second) == [0, 0]
    assert third.counted_at > second.counted_at
    assert third.rows["default"]["workers"] == 1


def test_what_was_ended_before_a_look_and_committed_after_it_is_counted_by_the_next(
    owner_dsn: str, connection: Connection[Any], reader: Reader
) -> None:
    worker = register(connection)
    end(connection, worker, jobs=2)
    insert(connection)
    [late] = claim(connection, worker) or []
    with psycopg.connect(owner_dsn) as other:
        register(other)
        with other.transaction():
            assert not settle_all(other, late.settled(Verdict.COMPLETED))
            before = reader.look()
    after = reader.look(before=before)
    assert ended(after, before) == [1, 0]
    assert ended(reader.look(before=after), after) == [0, 0]


def test_what_is_retried_does_not_make_fewer_than_none(connection: Connection[Any], reader: Reader) -> None:
    worker = register(connection)
    end(connection, worker, Verdict.FAILED)
    before = reader.look()
    [job] = reader.list_jobs()
    assert reader.retry(job["id"])
    assert ended(reader.look(before=before), before) == [0, 0]


def test_of_a_queue_that_the_look_before_did_not_list_it_is_not_known(
    connection: Connection[Any], reader: Reader
) -> None:
    insert(connection, 2, queue="a")
    end(connection, register(connection))
    before = reader.look(limit=1)
    assert (list(before.rows), before.queues) == (["a"], 2)
    after = reader.look(before=before)
    assert [after.ended_since(before, name, "completed") for name in ("a", "default")] == [0, None]
