"""Unique jobs that are enqueued by SQL: keys and rules are those of Python."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import errors

from pooljobs import PoolJobs, Unique
from pooljobs.job.unique_rule import UniqueRule
from tests.support.claims import declare, register, scalar
from tests.support.unique_jobs import Conn, app, report_of

__all__ = ["app"]


def test_sql_and_python_agree_on_what_was_declared(app: PoolJobs, connection: Conn) -> None:
    rule = UniqueRule(("customer",), until_start=True)
    report = report_of(app, Unique(by=("customer",), until="start"))
    register(connection)
    declare(connection, "report", unique=rule.published())
    first = report.enqueue(customer=7, text="x")
    assert scalar(connection, """SELECT pooljobs.enqueue('report', '{"customer": 7, "text": "y"}')""") == first.id
    other = scalar(connection, """SELECT pooljobs.enqueue('report', '{"customer": 8}')""")
    assert report.enqueue(customer=8).id == other


def test_sql_takes_a_key_and_a_word_for_conflicts(app: PoolJobs, connection: Conn) -> None:
    enqueue = "SELECT pooljobs.enqueue('a', jsonb_build_object('n', %s::integer), unique_key => 'k', on_conflict => %s)"
    first = scalar(connection, "SELECT pooljobs.enqueue('a', unique_key => 'k')")
    for conflict in (None, "skip"):
        assert scalar(connection, enqueue, 1, conflict) == first
    assert scalar(connection, "SELECT payload FROM pooljobs.live") == {}
    assert scalar(connection, enqueue, 2, "replace") == first
    assert scalar(connection, "SELECT payload FROM pooljobs.live") == {"n": 2}
    with pytest.raises(errors.UniqueViolation, match=f"the unique job is there: {first}"):
        connection.execute(enqueue.encode(), (3, "raise"))
    with pytest.raises(errors.InvalidParameterValue, match="on_conflict is skip, replace, reschedule or raise"):
        connection.execute(enqueue.encode(), (3, "drop"))
    with pytest.raises(errors.InvalidParameterValue, match="'a' is not declared as one"):
        connection.execute("SELECT pooljobs.enqueue('a', on_conflict => 'skip')")
    assert app.enqueue("a", unique_key="k").id == first
    many = connection.execute("SELECT pooljobs.enqueue('a', unique_key => 'm') FROM generate_series(1, 9)").fetchall()
    assert len({*many}) == 1


def test_sql_debounces_what_was_declared_so(connection: Conn) -> None:
    register(connection)
    declare(connection, "index", unique=UniqueRule(None, until_start=True, on_conflict="replace", wait=300).published())
    first = scalar(connection, "SELECT pooljobs.enqueue('index')")
    assert scalar(connection, "SELECT pooljobs.enqueue('index')") == first
    assert scalar(connection, "SELECT run_at > now() + interval '290 s' FROM pooljobs.live")


def test_of_plain_jobs_sql_stores_as_many_as_are_asked_for(connection: Conn) -> None:
    connection.execute("SELECT pooljobs.enqueue('a') FROM generate_series(1, 3)")
    assert scalar(connection, "SELECT count(*) FROM pooljobs.live WHERE unique_key IS NULL") == 3
    assert scalar(connection, "SELECT count(*) FROM pooljobs.uniques") == 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5), inner, max_size=4
    ),
    max_leaves=12,
)  # fmt: skip


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(["a", "bb", "c", "é"]), JSON), st.sampled_from([None, ("a",), ("bb", "é")]))
def test_python_and_sql_make_the_same_key(
    connection: Conn, payload: dict[str, Any], by: tuple[str, ...] | None
) -> None:
    document = json.dumps(payload)
    rule = UniqueRule(by)
    name = f"t{uuid4().hex}"
    with connection.transaction(force_rollback=True):
        connection.execute(
            "INSERT INTO pooljobs.job_types (job_type, queue, max_retries, retry_policy, retry_delay_secs, unique_rule)"
            " VALUES (%s, 'default', 3, 'none', 0, %s)",
            (name, rule.published()),
        )
        connection.execute("SELECT pooljobs.enqueue(%s, %s)", (name, document))
        assert scalar(connection, "SELECT key FROM pooljobs.uniques") == rule.digest(name, document.encode())
