"""Enqueues and cancellations through an outage: tried again where nothing was stored, told where it may have been."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pooljobs import (
    Cancellation,
    DatabaseReadOnlyError,
    DatabaseUnreachableError,
    DatabaseUnsupportedError,
    PoolJobs,
)
from pooljobs.db.public_errors import undecided
from tests.support.claims import scalar
from tests.support.cut_line import Line, line_to
from tests.support.waiting import wait_until

Conn = Connection[Any]

COUNT = "SELECT count(*) FROM pooljobs.live"
READ_ONLY = "SET default_transaction_read_only = on"
BRIEF = 0.7
"""Seconds to wait where the wait is in vain: two tries."""


@pytest.fixture
def line(dsn: str) -> Iterator[Line]:
    with line_to(dsn) as made:
        yield made


def app_on(dsn: str, **settings: Any) -> PoolJobs:
    app = PoolJobs(dsn, **settings)

    @app.job
    def greet(n: int) -> None: ...

    return app


@pytest.fixture
def patient(line: Line) -> Iterator[PoolJobs]:
    """An application that waits for as long as a test may need, and has been connected."""
    with app_on(line.dsn, wait=60, pool_size=2) as app:
        app.enqueue("greet", {"n": 0})
        yield app


@pytest.fixture
def hurried(line: Line) -> Iterator[PoolJobs]:
    with app_on(line.dsn, wait=BRIEF, pool_size=2) as app:
        app.enqueue("greet", {"n": 0})
        yield app


def enqueue(app: PoolJobs, n: int = 1) -> Any:
    return app.enqueue("greet", {"n": n})


def enqueue_async(app: PoolJobs, n: int = 1) -> Any:
    return asyncio.run(app.registry["greet"].enqueue_async(n=n))


def enqueue_many(app: PoolJobs, n: int = 1) -> Any:
    return app.registry["greet"].enqueue_many([{"n": n}])


def cancel(app: PoolJobs, n: int = 1) -> Any:
    return app.cancel(f"01981f0e-5b1a-7c3d-9f6e-2a4b8c0d1e{n:02x}")


def cancel_async(app: PoolJobs, n: int = 1) -> Any:
    return asyncio.run(app.cancel_async(f"01981f0e-5b1a-7c3d-9f6e-2a4b8c0d1e{n:02x}"))


WAYS = [enqueue, enqueue_async, enqueue_many, cancel, cancel_async]
Way = Callable[..., Any]


@pytest.mark.parametrize("way", WAYS)
def test_who_was_never_connected_hears_at_once(way: Way, line: Line, caplog: pytest.LogCaptureFixture) -> None:
    line.cut()
    away = pytest.raises(DatabaseUnreachableError, match="cannot connect to")
    with caplog.at_level(logging.DEBUG), app_on(line.dsn, wait=600) as app, away as told:
        way(app)
    assert line.tries == 1
    assert isinstance(told.value.__cause__, psycopg.OperationalError)
    assert not told.value.maybe_stored
    assert [record for record in caplog.records if record.name.startswith(("psycopg", "pooljobs"))] == []


@pytest.mark.hazard("An enqueue is sent twice because its answer was lost")
@pytest.mark.parametrize("way", WAYS)
def test_who_was_connected_waits_until_the_server_is_back(
    way: Way, line: Line, patient: PoolJobs, connection: Conn
) -> None:
    line.cut()
    before = line.tries
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(way, patient)
        wait_until(lambda: line.tries >= before + 2, what="two tries")
        assert not waiting.done()
        line.mend()
        waiting.result(60)
    assert scalar(connection, COUNT) == (1 if way in (cancel, cancel_async) else 2)


@pytest.mark.parametrize("way", WAYS)
def test_when_the_wait_is_over_the_error_says_that_nothing_was_stored(
    way: Way, line: Line, hurried: PoolJobs, connection: Conn
) -> None:
    line.cut()
    before = line.tries
    with pytest.raises(DatabaseUnreachableError, match="cannot connect to") as told:
        way(hurried)
    assert line.tries >= before + 1
    assert isinstance(told.value.__cause__, psycopg.OperationalError)
    assert (told.value.maybe_stored, list(told.value.job_ids)) == (False, [])
    assert "pool_size" not in str(told.value.hint)
    assert scalar(connection, COUNT) == 1


def test_without_a_wait_there_is_one_try(line: Line) -> None:
    with app_on(line.dsn, wait=0) as app:
        enqueue(app)
        line.cut()
        before = line.tries
        with pytest.raises(DatabaseUnreachableError):
            enqueue(app)
        assert line.tries == before + 1


def test_threads_that_wait_together_all_go_on(line: Line, patient: PoolJobs, connection: Conn) -> None:
    line.cut()
    before = line.tries
    with ThreadPoolExecutor(20) as threads:
        waiting = [threads.submit(enqueue, patient, n) for n in range(20)]
        wait_until(lambda: line.tries >= before + 20, what="a try of each")
        line.mend()
        ids = {each.result(60).id for each in waiting}
    assert scalar(connection, COUNT) == 1 + len(ids) == 21


def test_threads_that_wait_together_in_vain_are_told_of_the_outage_and_not_of_the_pools_size(
    line: Line, hurried: PoolJobs
) -> None:
    line.cut()
    with ThreadPoolExecutor(20) as threads:
        waiting = [threads.submit(enqueue, hurried, n) for n in range(20)]
    errors = [each.exception() for each in waiting]
    assert all(isinstance(error, DatabaseUnreachableError) for error in errors), errors
    assert not [error for error in errors if "cannot connect to" not in str(error)]


def test_an_event_loop_is_not_blocked_and_its_threads_are_not_used_up(line: Line, patient: PoolJobs) -> None:
    async def outage() -> int:
        before = line.tries
        waiting = [asyncio.create_task(patient.registry["greet"].enqueue_async(n=n)) for n in range(100)]
        while line.tries < before + 3:
            await asyncio.sleep(0.01)
            await asyncio.to_thread(int)
        line.mend()
        return len({handle.id for handle in await asyncio.gather(*waiting)})

    line.cut()
    assert asyncio.run(outage()) == 100


def test_a_pool_that_is_busy_says_so(line: Line) -> None:
    with app_on(line.dsn, wait=BRIEF, pool_size=1) as app:
        enqueue(app)
        went_on = threading.Event()
        held = threading.Event()

        def items() -> Iterator[dict[str, int]]:
            held.set()
            went_on.wait(60)
            yield {"n": 1}

        with ThreadPoolExecutor() as threads:
            holding = threads.submit(app.registry["greet"].enqueue_many, items())
            held.wait(60)
            with pytest.raises(DatabaseUnreachableError, match="all 1 are in use") as told:
                enqueue(app)
            went_on.set()
            assert len(holding.result(60)) == 1
    assert "pool_size" in str(told.value.hint)


@pytest.mark.hazard(
    "An enqueue is sent twice because its answer was lost, or fails after the server is back",
    closed="`shared/pooljobs/db/store/producer.py` tries again only what was not stored for certain (`undecided` in "
    "`shared/pooljobs/db/public_errors.py`)",
    area="enqueueing",
)
@pytest.mark.parametrize("way", [enqueue, enqueue_async])
def test_a_job_whose_answer_was_lost_is_named(way: Way, line: Line, patient: PoolJobs, connection: Conn) -> None:
    line.lose_answer = b"INSERT 0 1"
    with pytest.raises(DatabaseUnreachableError, match="may have been, with the id") as told:
        way(patient)
    line.lose_answer = b""
    assert told.value.maybe_stored
    (job_id,) = told.value.job_ids
    assert str(job_id) in str(told.value)
    assert isinstance(told.value.__cause__, psycopg.OperationalError)
    assert scalar(connection, "SELECT count(*) FROM pooljobs.live WHERE id = %s", job_id) == 1
    assert scalar(connection, COUNT) == 2, "it was sent again"


def test_a_job_that_may_have_been_sent_is_not_sent_again(line: Line, patient: PoolJobs, connection: Conn) -> None:
    line.lose_request = b'{"n":1}'
    with pytest.raises(DatabaseUnreachableError) as told:
        enqueue(patient)
    line.lose_request = b""
    assert told.value.maybe_stored
    assert scalar(connection, COUNT) == 1


def test_a_job_whose_statement_was_not_even_prepared_is_sent_again(line: Line, dsn: str, connection: Conn) -> None:
    with app_on(line.dsn, wait=60) as app:
        cancel(app)  # connected
        line.lose_request = b"pooljobs_insert_job"
        with ThreadPoolExecutor() as threads:
            before = line.tries
            waiting = threads.submit(enqueue, app)
            wait_until(lambda: line.tries > before, what="another try")
            line.lose_request = b""
            waiting.result(60)
    assert scalar(connection, COUNT) == 1


def test_many_jobs_whose_commit_was_not_answered_are_named(line: Line, patient: PoolJobs, connection: Conn) -> None:
    line.lose_answer = b"COMMIT"
    with pytest.raises(DatabaseUnreachableError, match="all may have been, or none") as told:
        patient.registry["greet"].enqueue_many({"n": n} for n in range(3000))
    line.lose_answer = b""
    assert len(told.value.job_ids) == 3000
    stored = connection.execute("SELECT id FROM pooljobs.live WHERE id = ANY(%s)", (list(told.value.job_ids),)).rowcount
    assert stored == 3000


@pytest.mark.parametrize("word", [b"BEGIN", b"COPY", b"PGCOPY", b"notify_many"])
def test_many_jobs_are_sent_again_while_the_first_block_is_there(
    line: Line, patient: PoolJobs, connection: Conn, word: bytes
) -> None:
    seen: list[int] = []
    line.lose_request = word
    with ThreadPoolExecutor() as threads:
        before = line.tries
        items = ({"n": n} for n in range(900))
        waiting = threads.submit(partial(patient.registry["greet"].enqueue_many, items, on_progress=seen.append))
        wait_until(lambda: line.tries > before, what="another try")
        line.lose_request = b""
        assert len(waiting.result(60)) == 900
    assert scalar(connection, COUNT) == 901
    assert seen[-1] == 900


def test_of_more_jobs_nothing_is_stored_and_the_error_says_so(line: Line, patient: PoolJobs, connection: Conn) -> None:
    def items() -> Iterator[dict[str, int]]:
        for n in range(5000):
            if n == 4000:
                line.cut()
            yield {"n": n}

    with pytest.raises(DatabaseUnreachableError, match="lost the database") as told:
        patient.registry["greet"].enqueue_many(items())
    assert not told.value.maybe_stored
    line.mend()
    assert scalar(connection, COUNT) == 1


def test_a_cancellation_whose_answer_was_lost_may_be_made_again(
    line: Line, patient: PoolJobs, connection: Conn
) -> None:
    job = enqueue(patient)
    line.lose_answer = b"cancelled"
    with pytest.raises(DatabaseUnreachableError, match="may have been done") as told:
        patient.cancel(job)
    line.lose_answer = b""
    assert list(told.value.job_ids) == [job.id]
    assert patient.cancel(job) is Cancellation.ENDED


def test_a_job_whose_session_was_ended_is_not_sent_again(dsn: str, connection: Conn) -> None:
    """The server says that it ends it, and not how far it came."""
    with app_on(dsn, wait=60) as app, psycopg.connect(connection.info.dsn) as holder, ThreadPoolExecutor() as threads:
        enqueue(app)
        holder.execute("LOCK pooljobs.live")
        waiting = threads.submit(enqueue, app)
        blocked = "FROM pg_stat_activity WHERE application_name = 'pooljobs producer' AND wait_event_type = 'Lock'"
        wait_until(lambda: scalar(connection, f"SELECT count(*) {blocked}"), what="the enqueue to wait")
        assert scalar(connection, f"SELECT pg_terminate_backend(pid) {blocked}")
        error = waiting.exception(60)
        holder.rollback()
    assert isinstance(error, DatabaseUnreachableError)
    assert error.maybe_stored
    assert isinstance(error.__cause__, psycopg.errors.AdminShutdown)
    assert scalar(connection, COUNT) == 1


def test_a_session_that_was_ended_for_idling_had_run_nothing(dsn: str, connection: Conn) -> None:
    """The server's last word may come after the look at the socket; here it comes with the answer."""
    assert not undecided(psycopg.errors.IdleSessionTimeout("terminating connection"), connection)
    assert undecided(psycopg.errors.ConnectionFailure("server conn crashed?"), connection)
    assert not undecided(psycopg.errors.DiskFull("no space left"), connection)


def turned_read_only(app: PoolJobs, count: int = 1) -> None:
    """As a server does whose role is changed: sessions stay open, and take no writes."""
    pool = app._outlet.producer()._pool
    sessions = [pool.take(time.monotonic() + 60) for _ in range(count)]
    for session in sessions:
        session.connection.execute(READ_ONLY.encode())
        pool.give(session)


@pytest.mark.parametrize("way", WAYS[:4])
def test_a_connection_that_turned_read_only_is_left(way: Way, patient: PoolJobs, line: Line, connection: Conn) -> None:
    turned_read_only(patient, 2)
    before = line.tries
    way(patient, 1)
    assert line.tries == before + 1
    way(patient, 2)
    assert line.tries == before + 1, "it was not kept"


@pytest.mark.parametrize("way", [enqueue, enqueue_async, enqueue_many])
def test_a_server_that_stays_read_only_is_a_clear_error(
    way: Way, line: Line, patient: PoolJobs, connection: Conn
) -> None:
    name = scalar(connection, "SELECT quote_ident(current_database())")
    connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())
    turned_read_only(patient)
    before = line.tries
    with pytest.raises(DatabaseReadOnlyError, match="the server is read-only: cannot execute") as told:
        way(patient)
    assert line.tries == before + 1
    assert isinstance(told.value, DatabaseUnreachableError)
    assert isinstance(told.value, DatabaseUnsupportedError)
    assert isinstance(told.value.__cause__, psycopg.errors.ReadOnlySqlTransaction)
    assert not told.value.maybe_stored


def test_another_host_of_the_dsn_takes_over(line: Line, dsn: str, connection: Conn) -> None:
    with ExitStack() as stack:
        other = stack.enter_context(line_to(dsn))
        both = {**conninfo_to_dict(line.dsn), "host": "127.0.0.1,127.0.0.1", "port": f"{line.port},{other.port}"}
        app = stack.enter_context(app_on(make_conninfo("", **{**both, "target_session_attrs": "read-write"}), wait=60))
        enqueue(app)
        assert (line.tries, other.tries) == (1, 0)
        turned_read_only(app)
        line.read_only = True
        enqueue(app)
        assert (line.tries, other.tries) == (2, 1)
    assert scalar(connection, COUNT) == 2


def test_in_a_callers_transaction_nothing_is_tried_again_and_his_errors_stay_his(line: Line, hurried: PoolJobs) -> None:
    greet = hurried.registry["greet"]
    with psycopg.connect(line.dsn) as conn:
        conn.execute("SET TRANSACTION READ ONLY")
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            greet.enqueue_with(conn, n=1)
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            greet.enqueue_with(conn, n=1)
        conn.rollback()
        before = line.tries
        line.cut()
        with pytest.raises(psycopg.OperationalError):
            greet.enqueue_with(conn, n=1)
        assert line.tries == before


def test_a_closed_application_opens_anew_though_others_waited(line: Line, connection: Conn) -> None:
    with app_on(line.dsn, pool_size=1) as app:
        enqueue(app)
        with ThreadPoolExecutor(8) as threads:
            working = [threads.submit(enqueue, app, n) for n in range(200)]
            for _ in range(20):
                app.close()
            ids = {each.result(60).id for each in working}
    assert scalar(connection, COUNT) == 1 + len(ids) == 201


def test_a_job_knows_its_id_by_the_databases_clock(patient: PoolJobs, connection: Conn) -> None:
    now = scalar(connection, "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")
    ids = [enqueue(patient).id for _ in range(3)]
    then = scalar(connection, "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")
    assert all(now - 1000 <= job_id.int >> 80 <= then + 1000 for job_id in ids)
    assert ids == sorted(ids)
