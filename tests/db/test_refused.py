"""A refused job in the database: what it costs (nothing), since when it is refused, and who claims it next."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection
from psycopg.types.json import Jsonb

from pooljobs.db.statements import Statements
from pooljobs.job.verdict import Verdict
from pooljobs.operations.reader import open_reader
from pooljobs_worker.claims.lanes import START, ClaimPlan
from pooljobs_worker.claims.passed_over import PassedOver
from pooljobs_worker.claims.refused_shapes import shape_of
from tests.support.claims import CLAIM, Claim, claim, insert, register, scalar, settle_all

SQL = Statements("pooljobs")
SINCE = "SELECT refused_since FROM pooljobs.live"

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5)
NUMBERS = st.integers(-(2**40), 2**40) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.none() | st.booleans() | NUMBERS | TEXTS
LISTS = st.lists(VALUES, max_size=3)
PAYLOADS = VALUES | LISTS | st.dictionaries(TEXTS, VALUES | LISTS, max_size=5)


def claimed(connection: Connection[Any]) -> Claim:
    [held] = claim(connection, register(connection)) or []
    return held


def refuse(connection: Connection[Any], held: Claim, delay: float = 0.0) -> None:
    settlement = held.settled(Verdict.REFUSED, error="refused", delay=delay, started_ns=0)
    assert settle_all(connection, settlement) == set()


def names(connection: Connection[Any], worker: int, refused_shapes: list[bytes]) -> list[str]:
    plan = ClaimPlan(visits=[("default", None)], floors=[START], swept=[])
    answer = CLAIM.ask(
        connection,
        worker,
        7,
        10,
        plan,
        passed_over=PassedOver(types=[], only_these=False, refused_shapes=refused_shapes),
    )
    assert answer is not None
    return [job.job_type for job in answer.jobs(7)]


def test_nothing_is_charged_and_the_first_refusal_is_remembered(connection: Connection[Any]) -> None:
    insert(connection)
    refuse(connection, claimed(connection))
    row = "SELECT attempts, crashes, losses, interruptions, started_at, worker_id, token, last_error FROM pooljobs.live"
    assert connection.execute(row).fetchone() == (0, 0, 0, None, None, None, None, "refused")
    first = scalar(connection, SINCE)
    refuse(connection, claimed(connection), delay=30.0)
    assert scalar(connection, SINCE) == first
    assert scalar(connection, "SELECT extract(epoch FROM run_at - now()) BETWEEN 25 AND 30 FROM pooljobs.live")


def test_the_worker_that_claims_it_is_told_for_how_long(connection: Connection[Any]) -> None:
    insert(connection, 2)
    worker = register(connection)
    first, second = claim(connection, worker) or []
    refuse(connection, first)
    assert settle_all(connection, second.settled(Verdict.RELEASED, started_ns=0)) == set()
    connection.execute("UPDATE pooljobs.live SET refused_since = refused_since - interval '5 min'")
    answer = CLAIM.ask(connection, worker, 7, 10, ClaimPlan(visits=[("default", None)], floors=[START], swept=[]))
    assert answer is not None
    found = {job.id: job.refused_for for job in answer.jobs(7)}
    assert found[second.id] is None
    assert 300 <= (found[first.id] or 0) < 400


@pytest.mark.parametrize(
    ("verdict", "began", "kept"),
    [
        (Verdict.RETRY, True, False),
        (Verdict.CRASHED, True, False),
        (Verdict.SUSPECTED, True, False),
        (Verdict.RELEASED, True, False),
        (Verdict.RELEASED, False, True),
        (Verdict.REFUSED, False, True),
    ],
)
def test_it_is_refused_no_more_once_its_handler_was_called(
    connection: Connection[Any], verdict: Verdict, *, began: bool, kept: bool
) -> None:
    insert(connection)
    refuse(connection, claimed(connection))
    held = claimed(connection)
    assert settle_all(connection, held.settled(verdict, delay=0.0, started_ns=int(began))) == set()
    assert (scalar(connection, SINCE) is not None) is kept


def test_a_suspect_that_is_refused_is_still_one(connection: Connection[Any]) -> None:
    insert(connection)
    assert settle_all(connection, claimed(connection).settled(Verdict.SUSPECTED)) == set()
    refuse(connection, claimed(connection))
    assert claimed(connection).suspect


@pytest.mark.parametrize(("lost", "kept"), [(True, False), (False, True)])
def test_of_a_lost_host_nobody_knows_whether_the_handler_was_called(
    connection: Connection[Any], *, lost: bool, kept: bool
) -> None:
    insert(connection)
    refuse(connection, claimed(connection))
    worker = register(connection)
    assert claim(connection, worker)
    connection.execute("UPDATE pooljobs.workers SET dead_at = now() WHERE id = %s", (worker,))
    connection.execute("SET enable_seqscan = on; SET enable_hashjoin = on")
    released = connection.execute(
        SQL.load("release_dead"), {"worker_ids": [worker], "lost": lost, "max_losses": 9}
    ).fetchone()
    assert released == (1, 0, 0, None)
    assert (scalar(connection, SINCE) is not None) is kept


def test_one_that_has_failed_ran_no_time_and_a_retry_begins_anew(connection: Connection[Any]) -> None:
    insert(connection)
    refuse(connection, claimed(connection))
    held = claimed(connection)
    assert settle_all(connection, held.settled(Verdict.FAILED, error="refused", started_ns=0)) == set()
    row = "SELECT status, attempts, started_at FROM pooljobs.history"
    assert connection.execute(row).fetchone() == ("failed", 0, None)
    assert connection.execute(SQL.load("retry_job"), {"id": held.id}).fetchone()
    assert scalar(connection, SINCE) is None


@pytest.mark.hazard("Code of another version refuses a job's payload again")
def test_who_has_refused_a_shape_leaves_its_refused_jobs_to_others_until_they_are_overdue(
    connection: Connection[Any],
) -> None:
    insert(connection, job_type="sell")
    refuse(connection, claimed(connection))
    insert(connection, job_type="sell")
    insert(connection, job_type="buy")
    worker = register(connection)
    connection.execute("BEGIN")
    shape = shape_of("sell", {})
    assert sorted(names(connection, worker, [shape, shape_of("other", {})])) == ["buy", "sell"]
    connection.execute("ROLLBACK; BEGIN")
    assert sorted(names(connection, worker, [])) == ["buy", "sell", "sell"]
    connection.execute("ROLLBACK; BEGIN")
    assert sorted(names(connection, worker, [shape_of("other", {})])) == ["buy", "sell", "sell"]
    connection.execute("ROLLBACK")
    connection.execute("UPDATE pooljobs.live SET run_at = now() - interval '6 s'")
    assert sorted(names(connection, worker, [shape])) == ["buy", "sell", "sell"]


def test_where_each_of_two_versions_refuses_what_the_other_takes_the_shape_parts_them(
    connection: Connection[Any],
) -> None:
    ours, theirs = '{"n": 1}', '{"n": 1, "gift": true}'
    for payload in (ours, theirs):
        insert(connection, job_type="sell", payload=payload)
    worker = register(connection)
    for held in claim(connection, worker) or []:
        refuse(connection, held)
    answer = CLAIM.ask(
        connection,
        worker,
        7,
        10,
        ClaimPlan(visits=[("default", None)], floors=[START], swept=[]),
        passed_over=PassedOver(types=[], only_these=False, refused_shapes=[shape_of("sell", {"n": 2, "gift": False})]),
    )
    assert answer is not None
    assert [job.payload for job in answer.jobs(7)] == [{"n": 1}]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(payload=PAYLOADS)
def test_the_server_sees_the_same_shape(connection: Connection[Any], payload: object) -> None:
    connection.execute("DELETE FROM pooljobs.live")
    insert(connection, job_type="naïve", payload=Jsonb(payload))
    refuse(connection, claimed(connection))
    worker = register(connection)
    assert names(connection, worker, [shape_of("naïve", payload)]) == []
    assert names(connection, worker, [shape_of("other", payload)]) == ["naïve"]


def test_the_operator_is_told_since_when(dsn: str, connection: Connection[Any]) -> None:
    insert(connection, 2)
    first, second = claim(connection, register(connection)) or []
    refuse(connection, first, delay=30.0)
    assert settle_all(connection, second.settled(Verdict.RELEASED, started_ns=0)) == set()
    connection.execute("UPDATE pooljobs.live SET refused_since = refused_since - interval '5 min'")
    with open_reader(dsn, "pooljobs") as reader:
        shown = reader.find(str(first.id))
        assert isinstance(shown["refused_since"], datetime)
        assert shown["refused_since"] < datetime.now(UTC)
        assert 300 <= shown["refused_for"] < 400
        assert reader.find(str(second.id))["refused_since"] is None
        listed = {row["id"]: row["refused_for"] for row in reader.list_jobs()}
    assert listed[second.id] is None
    assert 300 <= listed[first.id] < 400
