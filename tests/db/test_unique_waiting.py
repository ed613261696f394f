"""Unique jobs: who finds a key, or its job, in somebody's hands waits for what becomes of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from psycopg.errors import LockNotAvailable

from pooljobs import DatabaseRefusedError, PoolJobs, Unique
from pooljobs.job.verdict import Verdict
from pooljobs.operations.reader import Reader
from tests.support.claims import SQL, claim, register, scalar
from tests.support.unique_jobs import app, live, report_of, run
from tests.support.waiting import wait_until

__all__ = ["app"]

Conn = Connection[Any]

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


def beside(connection: Conn, end: Callable[[], object], work: Callable[[], Any]) -> Any:
    """What the work comes to that waits for a transaction, and goes on once that has ended so."""
    found: list[Any] = []
    other = threading.Thread(target=lambda: found.append(work()))
    other.start()
    wait_until(lambda: scalar(connection, WAITING) > 0 or found, what="it to wait")
    assert not found, "it did not wait"
    end()
    other.join()
    return found[0]


@pytest.mark.hazard(
    "A job is locked by a claim that leaves it after all, and counts as begun: then two of its key wait",
    closed="who comes for a key waits for whoever has its job locked (`functions/take_unique.sql`)",
    area="enqueueing",
)
@pytest.mark.parametrize("on_conflict", ["skip", "replace"])
@pytest.mark.parametrize("becomes", ["left", "claimed", "cancelled"])
def test_who_finds_the_job_locked_waits_for_what_becomes_of_it(
    app: PoolJobs, connection: Conn, dsn: str, on_conflict: Any, becomes: str
) -> None:
    report = report_of(app, Unique(until="start", on_conflict=on_conflict))
    first = report.enqueue(customer=7)
    worker = register(connection)
    with psycopg.connect(dsn) as holding:
        holding.execute("SELECT FROM pooljobs.live FOR UPDATE")
        if becomes == "claimed":
            holding.execute("UPDATE pooljobs.live SET worker_id = %s, token = 1, started_at = now()", (worker,))
        elif becomes == "cancelled":
            assert app.cancel_with(holding, first.id).value == "cancelled"
        second = beside(connection, holding.commit, lambda: report.enqueue(customer=7))
    expected = {"left": "kept" if on_conflict == "skip" else "replaced"}.get(becomes, "new")
    assert second.outcome == expected
    assert (
        live(connection)
        == {
            "left": [first.id],
            "claimed": [first.id, second.id],
            "cancelled": [second.id],
        }[becomes]
    )


def test_one_that_is_cancelled_meanwhile_is_not_there_to_be_replaced(app: PoolJobs, connection: Conn, dsn: str) -> None:
    """Where the end frees the key, a job that runs is kept; one that is gone is not."""
    report = report_of(app, Unique(on_conflict="replace"))
    first = report.enqueue(customer=7)
    with psycopg.connect(dsn) as holding:
        assert app.cancel_with(holding, first.id).value == "cancelled"
        second = beside(connection, holding.commit, lambda: report.enqueue(customer=7))
    assert second.outcome == "new"
    assert live(connection) == [second.id]


@pytest.mark.hazard(
    "An enqueue is skipped for a pending job that then runs before the commit, and does not see what was committed",
    closed="where the start frees the key, who keeps a job holds its row FOR KEY SHARE until his transaction ends",
    area="enqueueing",
)
def test_until_start_whoever_keeps_a_job_holds_it_back_until_his_commit(
    app: PoolJobs, connection: Conn, dsn: str
) -> None:
    """It is to see what he commits; another one keeps it beside him, and no claim waits."""
    report = report_of(app, Unique(until="start"))
    first = report.enqueue(customer=7)
    worker = register(connection)
    with psycopg.connect(dsn) as one, psycopg.connect(dsn) as two:
        assert report.enqueue_with(one, customer=7).id == first.id
        two.execute("SET lock_timeout = '2s'")
        assert report.enqueue_with(two, customer=7).id == first.id
        assert claim(connection, worker) == []
        one.commit()
        assert claim(connection, worker) == []
        two.rollback()
        claims = claim(connection, worker)
        assert claims is not None
        assert len(claims) == 1


@pytest.mark.parametrize("commits", [True, False])
def test_who_comes_second_waits_for_how_the_first_ends(
    app: PoolJobs, connection: Conn, dsn: str, *, commits: bool
) -> None:
    report = report_of(app)
    with psycopg.connect(dsn) as caller:
        mine = report.enqueue_with(caller, customer=7)
        end = caller.commit if commits else caller.rollback
        found = beside(connection, end, lambda: report.enqueue(customer=7))
    assert found.outcome == ("kept" if commits else "new")
    assert live(connection) == [mine.id if commits else found.id]


@pytest.mark.hazard(
    "A transaction that does not end has taken a key: those who enqueue the same one hold all connections of the pool, "
    "and nobody can enqueue anything",
    closed="an attempt waits a moment for a key, and leaves its connection to others before the next one "
    "(`shared/pooljobs/db/store/insert_unique.py`)",
    area="enqueueing",
)
@pytest.mark.parametrize("how", ["in threads", "in coroutines"])
def test_who_waits_for_a_key_leaves_the_connection_to_others(connection: Conn, dsn: str, how: str) -> None:
    with PoolJobs(dsn, pool_size=1, wait=600.0) as app, psycopg.connect(dsn) as caller:
        report = report_of(app)
        report.enqueue_with(caller, customer=7)
        others = 8

        async def in_coroutines() -> list[str | None]:
            return [
                one.outcome for one in await asyncio.gather(*[report.enqueue_async(customer=7) for _ in range(others)])
            ]

        def in_threads() -> list[str | None]:
            with ThreadPoolExecutor(others) as pool:
                return [one.outcome for one in pool.map(lambda _: report.enqueue(customer=7), range(others))]

        def plain() -> None:
            wait_until(lambda: scalar(connection, WAITING) > 0, what="them to wait")
            for _ in range(3):
                app.enqueue("plain", {})
            caller.commit()

        with ThreadPoolExecutor(2) as pool:
            waiting = pool.submit(in_threads if how == "in threads" else lambda: asyncio.run(in_coroutines()))
            pool.submit(plain).result(timeout=120)
            assert waiting.result() == ["kept"] * others


def test_a_key_that_is_not_given_back_is_an_error_that_says_so(dsn: str) -> None:
    with PoolJobs(dsn, wait=0.1) as app, psycopg.connect(dsn) as caller:
        report = report_of(app)
        report.enqueue_with(caller, customer=7)
        with pytest.raises(DatabaseRefusedError) as refused:
            report.enqueue(customer=7)
        assert "taken the key" in str(refused.value.hint)


def test_an_operator_is_told_that_somebody_has_the_key(
    app: PoolJobs, connection: Conn, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`jobs retry` waited in silence for as long as somebody's transaction was open."""
    monkeypatch.setattr(f"{Reader.__module__}.BOUNDED", "lock_timeout = '50ms'")
    report = report_of(app)
    failed = report.enqueue(customer=7)
    run(connection, Verdict.FAILED)
    with psycopg.connect(dsn) as caller:
        report.enqueue_with(caller, customer=7)
        with pytest.raises(LockNotAvailable):
            Reader(connection).retry(failed.id)
        caller.rollback()
    assert Reader(connection).retry(failed.id)


@pytest.mark.hazard(
    "A key is taken over from a job that an operator runs again at the same moment: two jobs of one key are alive",
    closed="whoever takes a key writes another `taken_at`, and whoever takes over names the one that he read "
    "(`functions/take_unique.sql`)",
    area="enqueueing",
)
def test_a_retry_that_is_not_committed_is_waited_for(app: PoolJobs, connection: Conn, dsn: str) -> None:
    """Both name the same job in the key's row: what is taken over is what was read, and nothing later."""
    report = report_of(app)
    first = report.enqueue(customer=7)
    run(connection, Verdict.FAILED)
    with psycopg.connect(dsn) as operator:
        operator.execute(SQL.load("retry_job"), {"id": first.id})
        found = beside(connection, operator.commit, lambda: report.enqueue(customer=7))
    assert (found.id, found.outcome) == (first.id, "kept")
