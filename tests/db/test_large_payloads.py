"""What a claim brings, and what a fetch brings, is bounded in bytes; and every job gets its own payload in the end."""

from __future__ import annotations

import secrets
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection
from psycopg.types.json import Jsonb

from pooljobs.settings import MAX_BATCH
from pooljobs_worker.claims.claimed_job import LEFT_OUT, ClaimedJob
from pooljobs_worker.claims.claimer import Claimer
from pooljobs_worker.claims.lanes import Lanes
from pooljobs_worker.claims.large_payloads import LargePayloads
from pooljobs_worker.components import Components
from tests.support.claims import SQL
from tests.support.plans import explain
from tests.support.worker_parts import others_jobs, worker_parts

Conn = Connection[Any]

BYTES = 10_000
"""Of a claim and of a fetch, in these tests."""

EXPANSION = {None: 1, "pglz": 90, "lz4": 260}
"""What a claim takes for granted of each method of compression."""


@pytest.fixture
def components(dsn: str) -> Any:
    with worker_parts(dsn, entries=MAX_BATCH) as made:
        yield made


def store(connection: Conn, *payloads: object) -> None:
    """One job for each, in this order."""
    for payload in payloads:
        connection.execute("INSERT INTO pooljobs.live (job_type, payload) VALUES ('noop', %s)", (Jsonb(payload),))


def random_text(length: int) -> str:
    """Text that compresses to half of its length at best."""
    return secrets.token_hex((length + 1) // 2)[:length]


def claimed(components: Components, limit: int, most_bytes: int = BYTES) -> list[ClaimedJob]:
    child = components.child
    others = others_jobs(child.board, child.slot)
    lanes = Lanes(components.settings.worker.shares)
    claimer = Claimer(
        components.session,
        components.statements,
        lanes=lanes,
        others_jobs=others,
        slot=child.slot,
        most_bytes=most_bytes,
    )
    return claimer.claim(limit)


def bring(components: Components, jobs: list[ClaimedJob], most_bytes: int = BYTES) -> bool:
    """As an executor does it when the first one's turn comes."""
    return LargePayloads(components.session, components.statements, most_bytes).bring(jobs[0], jobs[1:])


def left_out(jobs: list[ClaimedJob]) -> list[bool]:
    return [job.payload is LEFT_OUT for job in jobs]


def length(payload: object) -> int:
    """What it takes as text, as the server writes it."""
    return len(str(payload).encode())


def test_short_payloads_come_with_their_claim(components: Components, connection: Conn) -> None:
    payloads: list[object] = [{"a": 1}, None, [], "text", {"b": random_text(800)}]
    store(connection, *payloads)
    assert [job.payload for job in claimed(components, 10)] == payloads


def test_what_is_longer_than_its_share_is_left_out(components: Components, connection: Conn) -> None:
    store(connection, random_text(900), random_text(1_100), None)
    assert left_out(claimed(components, 10)) == [False, True, False]


@pytest.mark.parametrize("method", ["pglz", "lz4"])
def test_what_is_compressed_is_left_out_where_it_may_be_long(
    components: Components, connection: Conn, method: str
) -> None:
    try:
        connection.execute(f"ALTER TABLE pooljobs.live ALTER payload SET COMPRESSION {method}".encode())
    except psycopg.errors.FeatureNotSupported:
        pytest.skip("this server was built without lz4")
    store(connection, "x" * 100_000)
    stored = connection.execute("SELECT pg_column_size(payload), pg_column_compression(payload) FROM pooljobs.live")
    size, found = stored.fetchone() or (0, None)
    assert (size < 2_000, found) == (True, method)
    may_be = size * EXPANSION[method]
    [job] = claimed(components, 1, most_bytes=may_be - 1)
    assert job.payload is LEFT_OUT
    connection.execute("UPDATE pooljobs.live SET worker_id = NULL, token = NULL, run_at = run_at - interval '1 h'")
    [job] = claimed(components, 1, most_bytes=may_be)
    assert job.payload == "x" * 100_000


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text("ab", min_size=1, max_size=40), st.integers(1, 200_000), st.sampled_from(["pglz", "lz4"]))
def test_nothing_expands_more_than_a_claim_takes_for_granted(
    connection: Conn, piece: str, times: int, method: str
) -> None:
    """The factors in claim.sql."""
    connection.execute("DELETE FROM pooljobs.live")
    try:
        connection.execute(f"ALTER TABLE pooljobs.live ALTER payload SET COMPRESSION {method}".encode())
    except psycopg.errors.FeatureNotSupported:
        return
    store(connection, piece * times)
    query = (
        "SELECT octet_length(payload::text), pg_column_size(payload), pg_column_compression(payload) FROM pooljobs.live"
    )
    long, stored, found = connection.execute(query.encode()).fetchone() or (0, 0, "")
    assert long <= stored * EXPANSION[found]


def test_a_fetch_brings_those_that_follow_as_far_as_the_bytes_go(components: Components, connection: Conn) -> None:
    store(connection, *(random_text(2_000) for _ in range(12)))
    jobs = claimed(components, 12)
    assert all(left_out(jobs))
    assert bring(components, jobs)
    assert left_out(jobs) == [False] * 4 + [True] * 8, "four times 2,002 bytes, and not five"
    assert bring(components, jobs[4:])
    assert left_out(jobs) == [False] * 8 + [True] * 4


def test_one_that_is_longer_than_a_fetch_comes_alone(components: Components, connection: Conn) -> None:
    store(connection, random_text(3 * BYTES), random_text(2_000))
    jobs = claimed(components, 2, most_bytes=1_000)
    assert bring(components, jobs)
    assert left_out(jobs) == [False, True]


def test_a_fetch_reads_nothing_that_it_would_leave_to_the_next(connection: Conn) -> None:
    """Of ten megabytes each the second one was made into text twice."""
    store(connection, *(random_text(6_000) for _ in range(4)))
    ids = [row[0] for row in connection.execute("SELECT id FROM pooljobs.live ORDER BY run_at, id").fetchall()]
    connection.execute("UPDATE pooljobs.live SET worker_id = 1, token = 7, fence = 1, started_at = now()")
    plan = explain(connection, SQL.load("fetch_payloads"), {"ids": ids, "token": 7, "most": BYTES})
    assert plan.rows("live") == 1


def test_a_payload_of_a_claim_that_was_lost_is_not_read(components: Components, connection: Conn) -> None:
    store(connection, *(random_text(2_000) for _ in range(3)))
    jobs = claimed(components, 3, most_bytes=1_000)
    connection.execute("UPDATE pooljobs.live SET token = 1, fence = fence + 1 WHERE id = %s", (jobs[1].id,))
    assert bring(components, jobs)
    assert left_out(jobs) == [False, True, True], "the third has to wait for its own turn"
    assert not bring(components, jobs[1:])
    assert bring(components, jobs[2:])
    connection.execute("UPDATE pooljobs.live SET worker_id = NULL, token = NULL")


def test_one_that_nobody_can_read_fails_alone(components: Components, connection: Conn) -> None:
    store(connection, random_text(2_000))
    connection.execute("UPDATE pooljobs.live SET payload = jsonb_set('{}', '{n}', '1e5000'::jsonb)")
    store(connection, random_text(2_000))
    jobs = claimed(components, 2, most_bytes=2)
    assert bring(components, jobs, 2 * BYTES)
    assert jobs[0].unreadable
    assert jobs[1].unreadable is None
    assert isinstance(jobs[1].payload, str)


def test_a_claim_that_is_read_job_by_job_is_bounded_too(components: Components, connection: Conn) -> None:
    connection.execute("INSERT INTO pooljobs.live (job_type, payload) VALUES ('noop', '{\"n\": 1e5000}')")
    store(connection, random_text(2_000), None)
    jobs = claimed(components, 4)
    assert jobs[0].unreadable
    assert [job.unreadable for job in jobs[1:]] == [None, None]
    assert left_out(jobs) == [False, False, False]
    connection.execute("UPDATE pooljobs.live SET worker_id = NULL, token = NULL, run_at = run_at - interval '1 h'")
    jobs = claimed(components, 10)
    assert jobs[0].unreadable
    assert left_out(jobs) == [False, True, False]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from([1, 500, 1_500, 3_000, 12_000]), st.booleans()), min_size=1, max_size=12),
    st.sampled_from([1_000, 4_000, 20_000]),
)
def test_every_job_gets_its_own_payload_and_no_fetch_more_than_it_may(
    components: Components, connection: Conn, kinds: list[tuple[int, bool]], most: int
) -> None:
    connection.execute("DELETE FROM pooljobs.live")
    payloads = [("x" * size if repeats else random_text(size)) + str(n) for n, (size, repeats) in enumerate(kinds)]
    store(connection, *payloads)
    jobs = claimed(components, len(payloads), most_bytes=most)
    assert sum(length(job.payload) for job in jobs if job.payload is not LEFT_OUT) <= most
    for n, job in enumerate(jobs):
        before = left_out(jobs)
        assert bring(components, jobs[n:], most)
        brought = [each for each, was in zip(jobs, before, strict=True) if was and each.payload is not LEFT_OUT]
        assert sum(map(length, (each.payload for each in brought))) <= most or brought == [job]
    assert [job.payload for job in jobs] == payloads
