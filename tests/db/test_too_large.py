"""What one statement cannot do at once is done in parts, and what cannot be done even by itself stops nobody else.

PostgreSQL is kept from answering at length by the least of temporary files: a real limit, which takes no gigabytes.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import Connection
from psycopg import errors as pg
from psycopg.types.json import Jsonb

from pooljobs.db.store.producer import Producer
from pooljobs.db.store.settlement import Settled, SettlementBatch
from pooljobs.errors import PayloadError
from pooljobs.job.new_job import NewJob
from pooljobs.job.verdict import Verdict
from pooljobs.settings import MAX_BATCH
from pooljobs_worker.claims.claimed_job import LEFT_OUT, ClaimedJob
from pooljobs_worker.components import Components
from tests.support.claims import SQL, claim, insert, register, scalar
from tests.support.worker_parts import claimer_of, worker_parts

Conn = Connection[Any]

JOBS = 1000
TEMPORARY = 256_000
"""Bytes of temporary files that a session may have; work_mem is 64 kB beside."""


@pytest.fixture
def narrow_dsn(dsn: str, connection: Conn) -> str:
    """A database whose sessions, but for this one, may not have much at once."""
    name = connection.info.dbname
    connection.execute(f"ALTER DATABASE {name} SET temp_file_limit = '{TEMPORARY // 1000} kB'".encode())
    connection.execute(f"ALTER DATABASE {name} SET work_mem = '64 kB'".encode())
    return dsn


@pytest.fixture
def narrow(narrow_dsn: str) -> Iterator[Conn]:
    with psycopg.connect(narrow_dsn, autocommit=True) as connection:
        yield connection


@pytest.fixture
def components(narrow_dsn: str) -> Iterator[Components]:
    with worker_parts(narrow_dsn, entries=MAX_BATCH) as made:
        yield made


def refuse_to_store(connection: Conn, job_type: str, sqlstate: str) -> None:
    """Nothing of this type ends any more: as with a row that is beyond a limit by itself."""
    connection.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        f" 'BEGIN RAISE EXCEPTION ''too large'' USING ERRCODE = ''{sqlstate}''; END'".encode()
    )
    connection.execute(
        "CREATE TRIGGER refuse BEFORE INSERT ON pooljobs.history FOR EACH ROW"
        f" WHEN (new.job_type = '{job_type}') EXECUTE FUNCTION refuse()".encode()
    )


@pytest.mark.hazard(
    "A statement fails for its own size (a gigabyte of text, memory, temporary files), which looks like an "
    "outage, and is tried again for ever",
    closed="the errors are told apart (`shared/pooljobs/db/error_classes.py`); settlements and fetches are made by "
    "halves, a claim comes without payloads, then by halves",
    area="rows",
)
def test_a_thousand_long_errors_are_settled(connection: Conn, narrow: Conn) -> None:
    insert(connection, JOBS)
    jobs = claim(connection, register(narrow), limit=JOBS) or []
    settlements = [job.settled(Verdict.FAILED, error=secrets.token_hex(4000)) for job in jobs]
    assert SettlementBatch(SQL).settle(narrow, settlements) == Settled(set(), set(), {})
    stored = connection.execute("SELECT id, last_error FROM pooljobs.history").fetchall()
    assert {(job_id.bytes, error) for job_id, error in stored} == {(one.job_id, one.error) for one in settlements}


def test_an_error_that_is_too_long_by_itself_is_stored_shorter(connection: Conn, narrow: Conn) -> None:
    insert(connection, 2)
    jobs = claim(connection, register(narrow)) or []
    errors = ["short", "long" + secrets.token_hex(TEMPORARY)]
    settlements = [job.settled(Verdict.FAILED, error=error) for job, error in zip(jobs, errors, strict=True)]
    assert SettlementBatch(SQL).settle(narrow, settlements) == Settled(set(), set(), {})
    stored = [row[0] for row in connection.execute("SELECT last_error FROM pooljobs.history").fetchall()]
    assert sorted(stored) == [errors[1][:1000], "short"]


@pytest.mark.hazard("What is too large even by itself holds up all that comes after it")
@pytest.mark.parametrize("sqlstate", ["54000", "53200", "53400"])
def test_what_cannot_be_stored_even_by_itself_is_left_alone_and_told(
    connection: Conn, components: Components, caplog: pytest.LogCaptureFixture, sqlstate: str
) -> None:
    refuse_to_store(connection, "odd", sqlstate)
    insert(connection, 5)
    insert(connection, job_type="odd")
    insert(connection, 5)
    jobs = claimer_of(components).claim(20)
    components.held.take(jobs)
    for job in jobs:
        components.settler.add(job.completed(1), job.entry)
    with caplog.at_level(logging.WARNING):
        components.settler.flush()
    [odd] = [job.id for job in jobs if job.job_type == "odd"]
    assert connection.execute("SELECT id FROM pooljobs.live").fetchall() == [(odd,)]
    assert scalar(connection, "SELECT count(*) FROM pooljobs.history WHERE status = 'completed'") == 10
    assert len(components.held) == 0, "for the scoreboard it is a stray, which the steward gives back"
    assert [record.message for record in caplog.records] == [
        f"job {odd} ended (completed), and PostgreSQL cannot store that, not even by itself: it goes back to its queue"
    ]


@pytest.mark.hazard(
    "A server that has no memory for anybody is taken for a statement that is too large, and results are dropped",
    closed="a single one is left alone only where the same statement passes with nothing in it",
    area="rows",
)
def test_of_a_server_that_cannot_even_settle_nothing_no_result_is_given_up(connection: Conn) -> None:
    """Whatever is done to the table: also to none of its rows."""
    insert(connection, 2)
    jobs = claim(connection, register(connection)) or []
    connection.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN RAISE EXCEPTION ''out of memory'' USING ERRCODE = ''53200''; END'"
    )
    connection.execute(
        "CREATE TRIGGER refuse BEFORE DELETE ON pooljobs.live FOR EACH STATEMENT EXECUTE FUNCTION refuse()"
    )
    with pytest.raises(pg.OutOfMemory, match="out of memory"):
        SettlementBatch(SQL).settle(connection, [job.settled(Verdict.COMPLETED) for job in jobs])


@pytest.mark.hazard("A statement fails for its own size")
def test_what_is_too_much_for_one_claim_comes_without_payloads_and_these_by_the_fetch(
    connection: Conn, components: Components
) -> None:
    payloads = [secrets.token_hex(900) for _ in range(JOBS)]
    store(connection, *payloads)
    jobs = claim_all(components)
    assert len(jobs) == JOBS
    assert all(job.payload is LEFT_OUT for job in jobs)
    for number, job in enumerate(jobs):
        assert components.large_payloads.bring(job, jobs[number + 1 :])
    assert [job.payload for job in jobs] == payloads
    assert scalar(connection, "SELECT count(*) FROM pooljobs.live WHERE worker_id IS NOT NULL AND fence = 1") == JOBS


def test_the_claim_after_it_brings_payloads_again(connection: Conn, components: Components) -> None:
    claimer = claimer_of(components)
    store(connection, *(secrets.token_hex(900) for _ in range(JOBS)))
    assert claimer.claim(JOBS)[0].payload is LEFT_OUT
    connection.execute("DELETE FROM pooljobs.live WHERE worker_id IS NULL")
    store(connection, "short")
    claimer.forget_floors()
    assert [job.payload for job in claimer.claim(JOBS)] == ["short"]


@pytest.mark.hazard(
    "What is too large even by itself holds up all that comes after it",
    closed="a payload fails its own job; a result that cannot be stored is told, and the steward gives the job back",
    area="rows",
)
def test_a_payload_that_is_too_much_by_itself_fails_alone(connection: Conn, components: Components) -> None:
    store(connection, "first", secrets.token_hex(TEMPORARY), "last")
    jobs = claimer_of(components).claim(10)
    for number, job in enumerate(jobs):
        assert job.payload is not LEFT_OUT or components.large_payloads.bring(job, jobs[number + 1 :])
    assert [job.payload for job in jobs] == ["first", None, "last"]
    assert [job.unreadable is not None for job in jobs] == [False, True, False]
    assert str(jobs[1].unreadable).startswith("payload: PostgreSQL cannot hand it out: temporary file size exceeds")


@pytest.mark.long
def test_numbers_that_take_no_room_until_they_are_written_stop_no_claim(dsn: str, connection: Conn) -> None:
    """A gigabyte as text is the most that there can be, and this is 1.1, of a hundred kilobytes."""
    connection.execute(
        "INSERT INTO pooljobs.live (job_type, payload) SELECT 'odd', jsonb_agg(1e131071) FROM generate_series(1, 8400)"
    )
    store(connection, "harmless")
    with worker_parts(dsn, job_timeout=600.0) as components:
        jobs = claimer_of(components).claim(10)
        for number, job in enumerate(jobs):
            assert components.large_payloads.bring(job, jobs[number + 1 :])
    assert [(job.payload, job.unreadable is not None) for job in jobs] == [(None, True), ("harmless", False)]


@pytest.mark.parametrize("many", [False, True])
def test_a_payload_beyond_a_limit_of_the_server_is_told_as_that(dsn: str, connection: Conn, *, many: bool) -> None:
    deep = NewJob("noop", b"[" * 50_000 + b"]" * 50_000)
    producer = Producer(dsn, "pooljobs", pool_size=1)
    with pytest.raises(PayloadError, match="PostgreSQL refused the payload: stack depth limit exceeded"):
        producer.insert_many([NewJob("noop", b"{}"), deep]) if many else producer.insert(deep)
    producer.close()
    assert scalar(connection, "SELECT count(*) FROM pooljobs.live") == 0


def claim_all(components: Components) -> list[ClaimedJob]:
    """In as many claims as it takes."""
    claimer = claimer_of(components)
    jobs: list[ClaimedJob] = []
    while found := claimer.claim(JOBS):
        jobs += found
        claimer.forget_floors()
    return jobs


def store(connection: Conn, *payloads: object) -> list[UUID]:
    """One job for each, in this order."""
    rows = [
        connection.execute(
            "INSERT INTO pooljobs.live (job_type, payload) VALUES ('noop', %s) RETURNING id", (Jsonb(payload),)
        ).fetchone()
        for payload in payloads
    ]
    return [row[0] for row in rows if row]
