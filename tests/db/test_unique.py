"""Unique jobs: who holds a key, for how long, and what becomes of those who come meanwhile."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection, errors

from pooljobs import Debounce, JobExistsError, PoolJobs, RefusedError, Task, Unique
from pooljobs.db.connect import pinned_transaction
from pooljobs.job.unique_rule import UniqueRule
from pooljobs.job.verdict import Settlement, Verdict
from pooljobs.operations.reader import Reader
from pooljobs_cli.commands.job_acts import _retry_one
from tests.support.claims import SQL, Claim, claim, declare, register, scalar, settle_all
from tests.support.plans import explain

Conn = Connection[Any]


@pytest.fixture
def app(dsn: str) -> Iterator[PoolJobs]:
    with PoolJobs(dsn) as made:
        yield made


def report_of(app: PoolJobs, unique: Any = True, debounce: Debounce | None = None) -> Task:
    @app.job(name="report", unique=unique if debounce is None else False, debounce=debounce)
    def report(customer: int, *, text: str = "") -> None: ...

    return report


def _nothing(n: int) -> None: ...


def live(connection: Conn) -> list[Any]:
    return [row[0] for row in connection.execute("SELECT id FROM pooljobs.live ORDER BY id").fetchall()]


def run(connection: Conn, verdict: Verdict = Verdict.COMPLETED, *, delay: float | None = None) -> Claim:
    """Claims the only job that is due, and ends it so."""
    worker = register(connection)
    claims = claim(connection, worker)
    assert claims is not None
    (one,) = claims
    end(connection, one, verdict, delay)
    return one


def end(connection: Conn, one: Claim, verdict: Verdict = Verdict.COMPLETED, delay: float | None = None) -> None:
    settled = Settlement(one.id.bytes, one.fence, one.token, verdict, delay=delay)
    assert settle_all(connection, settled) == set()


def test_the_second_enqueue_gives_the_handle_of_the_first(app: PoolJobs, connection: Conn) -> None:
    report = report_of(app)
    first, second, other = report.enqueue(customer=7), report.enqueue(customer=7), report.enqueue(customer=8)
    assert (first.outcome, second.outcome, other.outcome) == ("new", "kept", "new")
    assert second.id == first.id
    assert live(connection) == [first.id, other.id]


def test_a_key_is_free_once_its_job_has_ended(app: PoolJobs, connection: Conn) -> None:
    report = report_of(app)
    ended = [Verdict.COMPLETED, Verdict.FAILED, Verdict.CANCELLED]
    for verdict in ended:
        assert report.enqueue(customer=7).outcome == "new"
        run(connection, verdict)
    assert report.enqueue(customer=7).outcome == "new"
    assert scalar(connection, "SELECT count(*) FROM pooljobs.uniques") == 1


def test_a_running_and_a_retried_job_hold_their_key_until_the_end(app: PoolJobs, connection: Conn) -> None:
    report = report_of(app)
    first = report.enqueue(customer=7)
    worker = register(connection)
    claims = claim(connection, worker)
    assert claims is not None
    assert report.enqueue(customer=7) == first.__class__(first.id, "report", "default", "kept")
    end(connection, claims[0], Verdict.RETRY, 60.0)
    assert report.enqueue(customer=7).outcome == "kept"


def test_until_start_one_waits_beside_those_that_run(app: PoolJobs, connection: Conn) -> None:
    report = report_of(app, Unique(until="start"))
    first = report.enqueue(customer=7)
    assert report.enqueue(customer=7).outcome == "kept"
    worker = register(connection)
    assert claim(connection, worker)
    second = report.enqueue(customer=7)
    assert second.outcome == "new"
    assert report.enqueue(customer=7).id == second.id
    assert live(connection) == [first.id, second.id]


@pytest.mark.parametrize("until", ["end", "start"])
def test_within_a_period_a_key_is_held_after_the_end(app: PoolJobs, connection: Conn, until: Any) -> None:
    report = report_of(app, Unique(until=until, within=3600))
    first = report.enqueue(customer=7)
    run(connection)
    assert report.enqueue(customer=7).id == first.id
    connection.execute("UPDATE pooljobs.uniques SET until = now() - interval '1 s'")
    assert report.enqueue(customer=7).outcome == "new"


@pytest.mark.parametrize("how", [Verdict.FAILED, Verdict.CANCELLED, "cancel"])
def test_a_job_that_failed_or_was_cancelled_frees_its_key_at_once(app: PoolJobs, connection: Conn, how: Any) -> None:
    report = report_of(app, Unique(within=3600))
    first = report.enqueue(customer=7)
    if how == "cancel":
        app.cancel(first)
    else:
        run(connection, how)
    assert report.enqueue(customer=7).outcome == "new"


def row(connection: Conn, job_id: UUID) -> Any:
    return connection.execute(
        "SELECT payload ->> 'text', priority, max_retries, run_at > now() + interval '30 s' FROM pooljobs.live"
        " WHERE id = %s",
        (job_id,),
    ).fetchone()


def test_replace_gives_a_pending_job_what_the_new_one_was_to_have(app: PoolJobs, connection: Conn) -> None:
    report = report_of(app, Unique(by=("customer",), on_conflict="replace"))
    first = report.options(priority=1).enqueue(customer=7, text="old")
    assert row(connection, first.id) == ("old", 1, 3, False)
    second = report.options(priority=-1, max_retries=9, delay=60).enqueue(customer=7, text="new")
    assert (second.id, second.outcome) == (first.id, "replaced")
    assert row(connection, first.id) == ("new", -1, 9, True)


def test_reschedule_gives_it_the_new_time_alone(app: PoolJobs, connection: Conn) -> None:
    report = report_of(app, Unique(by=("customer",), on_conflict="reschedule"))
    first = report.enqueue(customer=7, text="old")
    assert report.options(delay=60, priority=2).enqueue(customer=7, text="new").outcome == "replaced"
    assert row(connection, first.id) == ("old", 0, 3, True)


def test_a_running_job_is_never_replaced(app: PoolJobs, connection: Conn) -> None:
    report = report_of(app, Unique(by=("customer",), on_conflict="replace"))
    first = report.enqueue(customer=7, text="old")
    worker = register(connection)
    assert claim(connection, worker)
    assert report.enqueue(customer=7, text="new").outcome == "kept"
    assert row(connection, first.id) == ("old", 0, 3, False)


def test_raise_tells_who_is_there_and_stores_nothing(app: PoolJobs, connection: Conn, dsn: str) -> None:
    report = report_of(app, Unique(on_conflict="raise"))
    first = report.enqueue(customer=7)
    with pytest.raises(JobExistsError, match=f"report: the unique job is there: {first.id}") as raised:
        report.enqueue(customer=7)
    assert raised.value.existing.id == first.id
    with pytest.raises(JobExistsError):
        report.enqueue_many([{"customer": 1}, {"customer": 7}])
    with psycopg.connect(dsn) as caller:
        with pytest.raises(JobExistsError):
            report.enqueue_with(caller, customer=7)
        with pytest.raises(JobExistsError):
            report.enqueue_many_with(caller, [{"customer": 1}, {"customer": 7}])
        report.enqueue_with(caller, customer=2)
        caller.commit()
    assert len(live(connection)) == 2
    assert len(report.enqueue_many([{"customer": 1}])) == 1


def test_a_debounced_job_is_put_off_but_not_for_ever(app: PoolJobs, connection: Conn) -> None:
    report = report_of(app, debounce=Debounce(by=("customer",), wait=300, most=600))
    first = report.enqueue(customer=7, text="1")
    due = "SELECT extract(epoch FROM run_at - now())::integer FROM pooljobs.live"
    assert 290 <= scalar(connection, due) <= 300
    connection.execute(
        "UPDATE pooljobs.live SET run_at = run_at - interval '200 s', created_at = created_at - interval '200 s'"
    )
    assert report.enqueue(customer=7, text="2").id == first.id
    assert 290 <= scalar(connection, due) <= 300
    connection.execute("UPDATE pooljobs.live SET created_at = now() - interval '400 s'")
    report.enqueue(customer=7, text="3")
    assert 190 <= scalar(connection, due) <= 200
    assert scalar(connection, "SELECT payload ->> 'text' FROM pooljobs.live") == "3"


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


def test_an_explicit_key_makes_any_job_unique(app: PoolJobs, connection: Conn) -> None:
    @app.job
    def plain(n: int) -> None: ...

    first = plain.options(unique_key="k").enqueue(1)
    assert plain.options(unique_key="k").enqueue(2).id == first.id
    assert plain.enqueue(1).outcome == "new"
    assert app.enqueue("plain", {"n": 3}, unique_key="k").outcome == "kept"
    assert app.enqueue("elsewhere", {"n": 3}, unique_key="k").outcome == "new"
    assert len(live(connection)) == 3


def test_a_rolled_back_job_leaves_its_key_free(app: PoolJobs, connection: Conn, dsn: str) -> None:
    report = report_of(app)
    with psycopg.connect(dsn) as caller:
        assert report.enqueue_with(caller, customer=7).outcome == "new"
        assert report.enqueue_with(caller, customer=7).outcome == "kept"
        caller.rollback()
    assert report.enqueue(customer=7).outcome == "new"
    assert len(live(connection)) == 1


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_above_read_committed_it_is_a_serialization_failure_as_of_any_unique_index(
    app: PoolJobs, connection: Conn, dsn: str, level: str
) -> None:
    report = report_of(app)
    with psycopg.connect(dsn) as caller:
        caller.execute(f"SET TRANSACTION ISOLATION LEVEL {level}".encode())
        caller.execute("SELECT count(*) FROM pooljobs.live")
        assert report.enqueue_with(caller, customer=1).outcome == "new"
        report.enqueue(customer=7)
        with pytest.raises(errors.SerializationFailure):
            report.enqueue_with(caller, customer=7)
        caller.rollback()
        caller.execute(f"SET TRANSACTION ISOLATION LEVEL {level}".encode())
        assert report.enqueue_with(caller, customer=7).outcome == "kept"
        assert report.enqueue_many_with(caller, [{"customer": 7}, {"customer": 1}]).outcomes == ["kept", "new"]
        caller.commit()
    assert len(live(connection)) == 2


def test_without_the_right_to_make_temporary_tables(app: PoolJobs, connection: Conn) -> None:
    name = scalar(connection, "SELECT current_database()")
    connection.execute(f'REVOKE TEMP ON DATABASE "{name}" FROM PUBLIC'.encode())
    assert report_of(app).enqueue_many([{"customer": 7}, {"customer": 7}]).outcomes == ["new", "kept"]


def retried(connection: Conn, job_id: UUID) -> bool:
    return Reader(connection, "pooljobs").retry(job_id)


def test_a_retried_job_takes_its_key_back(app: PoolJobs, connection: Conn) -> None:
    report = report_of(app)
    first = report.enqueue(customer=7)
    run(connection, Verdict.FAILED)
    assert retried(connection, first.id)
    assert report.enqueue(customer=7).id == first.id


def test_a_retried_job_whose_key_another_holds_is_left_alone_and_told(app: PoolJobs, connection: Conn) -> None:
    report = report_of(app)
    first = report.enqueue(customer=7)
    run(connection, Verdict.FAILED)
    second = report.enqueue(customer=7)
    reader = Reader(connection, "pooljobs")
    assert not reader.retry(first.id)
    assert reader.key_holder(first.id) == second.id
    with pytest.raises(RefusedError, match=f"{first.id} is unique, and another job has its key: {second.id}"):
        _retry_one(reader, str(first.id))
    assert live(connection) == [second.id]
    run(connection)
    assert reader.retry(first.id)
    assert reader.key_holder(first.id) is None
    assert live(connection) == [first.id]


def test_a_retried_job_whose_key_was_swept_takes_it_anew(app: PoolJobs, connection: Conn) -> None:
    report = report_of(app)
    first = report.enqueue(customer=7)
    run(connection, Verdict.FAILED)
    connection.execute("DELETE FROM pooljobs.uniques")
    assert retried(connection, first.id)
    assert report.enqueue(customer=7).id == first.id


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


def sweep(connection: Conn, after: bytes = b"", most: int = 5000) -> Any:
    return connection.execute(SQL.load("sweep_uniques"), {"after": after, "most": most}).fetchone()


def test_the_sweep_deletes_what_holds_nothing(app: PoolJobs, connection: Conn) -> None:
    report = report_of(app)
    throttled = app.job(name="throttled", unique=Unique(within=3600))(_nothing)
    report.enqueue_many({"customer": n} for n in range(10))
    throttled.enqueue_many({"n": n} for n in range(5))
    connection.execute(
        "DELETE FROM pooljobs.live WHERE job_type = 'throttled' OR (payload ->> 'customer')::integer < 4"
    )
    after: Any = b""
    swept = []
    while after is not None:
        after, count = sweep(connection, after, 4)
        swept.append(count)
    assert (sum(swept), len(swept)) == (4, 4)
    assert report.enqueue_many({"customer": n} for n in range(10)).outcomes == ["new"] * 4 + ["kept"] * 6


@pytest.mark.hazard(
    "The sweep deletes a key that was taken over while it waited: its snapshot does not show the new job",
    closed="rows are locked as they were read, job and `taken_at`, or left (`sweep_uniques.sql`)",
    area="enqueueing",
)
def test_the_sweep_leaves_a_key_that_was_taken_over_meanwhile(app: PoolJobs, connection: Conn, dsn: str) -> None:
    """The row that it waits for names another job by then, which no snapshot of its own shows."""
    report = report_of(app)
    report.enqueue(customer=7)
    run(connection)
    with psycopg.connect(dsn) as caller, psycopg.connect(dsn, autocommit=True) as steward:
        second = report.enqueue_with(caller, customer=7)
        assert sweep(steward) == (None, 0)
        caller.commit()
        assert sweep(steward) == (None, 0)
    assert report.enqueue(customer=7).id == second.id


def test_the_sweep_reads_keys_and_jobs_by_their_indexes(app: PoolJobs, connection: Conn) -> None:
    report = report_of(app)
    report.enqueue_many({"customer": n} for n in range(20_000))
    connection.execute("DELETE FROM pooljobs.live WHERE (payload ->> 'customer')::integer % 2 = 0")
    connection.execute("ANALYZE pooljobs.live, pooljobs.uniques")
    with pinned_transaction(connection):
        plan = explain(connection, SQL.load("sweep_uniques"), {"after": b"", "most": 500})
    assert plan.of("uniques", "live") == {("uniques", "uniques_pkey"), ("live", "live_pkey")}
    assert plan.rows("uniques", "live") <= 5 * 500
