"""Unique jobs, many at once."""

from __future__ import annotations

import asyncio
from typing import Any

from pooljobs import PoolJobs, Unique
from tests.support.claims import scalar
from tests.support.unique_jobs import Conn, app, live, report_of, row

__all__ = ["app"]


def test_positions_are_kept_in_bulk(app: PoolJobs, connection: Conn) -> None:
    report = report_of(app)
    there = report.enqueue(customer=3)
    handles = report.enqueue_many({"customer": n % 2500} for n in range(5000))
    assert len(handles) == 5000
    assert [place for place, outcome in enumerate(handles.outcomes) if outcome == "kept"] == [3, *range(2500, 5000)]
    assert handles[3].id == handles[2503].id == there.id
    assert handles[2504] == handles[4].__class__(handles[4].id, "report", "default", "kept")
    rows = dict(connection.execute("SELECT id, (payload ->> 'customer')::integer FROM pooljobs.live").fetchall())
    assert [rows[handle.id] for handle in handles] == [n % 2500 for n in range(5000)]


def test_in_bulk_the_last_of_a_key_replaces_those_before_it(app: PoolJobs, connection: Conn) -> None:
    report = report_of(app, Unique(by=("customer",), on_conflict="replace"))
    there = report.enqueue(customer=1, text="old")
    handles = report.enqueue_many({"customer": n % 2, "text": str(n)} for n in range(4))
    assert handles.outcomes == ["new", "replaced", "replaced", "replaced"]
    assert handles[3].id == there.id
    assert [row(connection, handle.id)[0] for handle in handles[:2]] == ["2", "3"]


def test_in_bulk_keys_of_jobs_that_have_ended_are_taken_over(app: PoolJobs, connection: Conn) -> None:
    report = report_of(app)
    first = report.enqueue_many({"customer": n} for n in range(1500))
    connection.execute("DELETE FROM pooljobs.live WHERE (payload ->> 'customer')::integer < 1000")
    again = report.enqueue_many({"customer": n} for n in range(1500))
    assert again.outcomes == ["new"] * 1000 + ["kept"] * 500
    assert list(again.ids[1000:]) == list(first.ids[1000:])
    assert len(live(connection)) == 1500


def test_async_and_bulk_async(app: PoolJobs, connection: Conn) -> None:
    report = report_of(app)

    async def enqueue() -> Any:
        many = await asyncio.gather(*(report.enqueue_async(customer=7) for _ in range(20)))
        return many, await report.enqueue_many_async([{"customer": 7}, {"customer": 8}])

    singles, bulk = asyncio.run(enqueue())
    assert sorted(handle.outcome for handle in singles) == ["kept"] * 19 + ["new"]
    assert bulk.outcomes == ["kept", "new"]
    assert len({*live(connection)}) == 2


def test_without_the_right_to_make_temporary_tables(app: PoolJobs, connection: Conn) -> None:
    name = scalar(connection, "SELECT current_database()")
    connection.execute(f'REVOKE TEMP ON DATABASE "{name}" FROM PUBLIC'.encode())
    assert report_of(app).enqueue_many([{"customer": 7}, {"customer": 7}]).outcomes == ["new", "kept"]
