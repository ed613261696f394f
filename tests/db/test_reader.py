"""What the operator's queries answer, and that a listing does not walk over all of history."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import Connection

from pooljobs.db.connect import pinned_transaction
from pooljobs.errors import NotFoundError, NotMigratedError, OptionError
from pooljobs.job.verdict import Verdict
from pooljobs.operations.answers import PLANNED
from pooljobs.operations.id_prefix import id_range
from pooljobs.operations.reader import Reader, open_reader
from pooljobs_cli.output.console import emit, emit_json
from pooljobs_cli.output.job_sheet import job_sheet
from tests.support.claims import SQL, claim, insert, register, scalar, settle_all
from tests.support.plans import explain
from tests.support.roles import role_for


@pytest.fixture
def reader(dsn: str) -> Iterator[Reader]:
    with open_reader(dsn, "pooljobs") as opened:
        yield opened


def ended(connection: Connection[Any], status: str = "completed", age: str = "0 s", **columns: Any) -> UUID:
    """A job that ended that long ago."""
    columns = {"queue": "default", "job_type": "noop", "attempts": 1, "max_retries": 3, **columns}
    connection.execute("SELECT pooljobs.ensure_partitions()")
    return UUID(
        str(
            scalar(
                connection,
                "INSERT INTO pooljobs.history SELECT pooljobs.uuid_v7(), t, t, t, t, 7, 5, %s, %s, 1, 0, 0, %s, %s, %s,"
                " NULL, 'boom', '{}' FROM (SELECT now() - %s::interval AS t) AS x RETURNING id",
                columns["max_retries"],
                columns["attempts"],
                status,
                columns["queue"],
                columns["job_type"],
                age,
            )
        )
    )


def types(jobs: list[dict[str, Any]]) -> list[str]:
    return [job["job_type"] for job in jobs]


def test_an_unmigrated_database_is_told(empty_dsn: str) -> None:
    with pytest.raises(NotMigratedError), open_reader(empty_dsn, "pooljobs"):
        pass


def test_nothing_yet(reader: Reader) -> None:
    assert reader.list_jobs() == []
    assert reader.count() == ([], 0)


def test_live_and_ended_jobs_are_merged_newest_first(connection: Connection[Any], reader: Reader) -> None:
    ended(connection, age="2 hours", job_type="oldest")
    ended(connection, age="30 s", job_type="middle")
    insert(connection, job_type="older")
    insert(connection, job_type="newest")
    assert types(reader.list_jobs()) == ["newest", "older", "middle", "oldest"]
    assert types(reader.list_jobs(limit=3)) == ["newest", "older", "middle"]


def test_windows_widen_until_the_answer_is_whole(connection: Connection[Any], reader: Reader) -> None:
    for number, age in enumerate(("5 s", "30 min", "8 hours")):
        ended(connection, age=age, job_type=f"t{number}")
    for limit in range(1, 4):
        assert types(reader.list_jobs(limit=limit)) == [f"t{number}" for number in range(limit)]


def test_filters(connection: Connection[Any], reader: Reader) -> None:
    worker = register(connection)
    insert(connection, job_type="held", queue="a")
    assert claim(connection, worker, queues=("a",))
    insert(connection, job_type="waiting", queue="b")
    ended(connection, "failed", job_type="broken", queue="b")
    ended(connection, "cancelled", job_type="given_up")
    assert types(reader.list_jobs(statuses=["running"])) == ["held"]
    assert types(reader.list_jobs(statuses=["pending"])) == ["waiting"]
    assert types(reader.list_jobs(statuses=["failed", "cancelled"])) == ["given_up", "broken"]
    assert types(reader.list_jobs(queue="b")) == ["broken", "waiting"]
    assert types(reader.list_jobs(job_type="held")) == ["held"]
    assert reader.list_jobs(statuses=["running"], queue="b") == []


@pytest.mark.parametrize("wrong", [{"statuses": ["gone"]}, {"limit": 0}])
def test_wrong_filters_are_refused(reader: Reader, wrong: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        reader.list_jobs(**wrong)


@pytest.mark.hazard("A few old ids in history ruin the index by which jobs are found")
def test_a_listing_of_ended_jobs_reads_no_live_row_and_no_old_partition(
    connection: Connection[Any], reader: Reader
) -> None:
    insert(connection, 1000)
    for _ in range(3):
        ended(connection, "failed")
    plan = connection.execute(
        reader._statements.load("list_jobs").replace(b"WITH matching", b"EXPLAIN WITH matching", 1),
        {"statuses": ["failed"], "queue": None, "job_type": None, "tag": None}
        | {"limit": 20, "window": "1 hour", "whole": True},
    ).fetchall()
    text = "\n".join(row[0] for row in plan)
    assert "live" not in text
    assert "Subplans Removed" in text


def test_a_job_is_found_by_its_id_or_the_start_of_it(connection: Connection[Any], reader: Reader) -> None:
    job_id = ended(connection, "failed")
    insert(connection, id="018bcfe5-6800-7abc-8def-0123456789ab")  # of another millisecond
    live_id = scalar(connection, "SELECT id FROM pooljobs.live")
    found = reader.find(str(job_id))
    assert (found["id"], found["status"], found["last_error"], found["fence"]) == (job_id, "failed", "boom", 5)
    for wanted in (job_id, live_id):
        for start in (str(wanted)[:13], str(wanted)[:20].upper(), wanted.hex[:13], wanted.hex[:30], f" {wanted}\n"):
            assert reader.find(start)["id"] == wanted


def test_a_running_jobs_worker_is_named(connection: Connection[Any], reader: Reader) -> None:
    insert(connection)
    [held] = claim(connection, register(connection)) or []
    found = reader.find(str(held.id))
    assert (found["worker_host"], found["worker_pid"], found["worker_ordinal"]) == ("test", 1, 1)
    assert found["attempts"] == 1
    assert found["locked_until"] is not None


def test_an_unknown_or_ambiguous_id_is_refused(connection: Connection[Any], reader: Reader) -> None:
    with pytest.raises(NotFoundError, match="no job"):
        reader.find("ffffffff-ffff")
    twins = [UUID(int=(0xABCDABCDABCD << 80) + last) for last in (1, 2)]
    insert(connection, id=twins[0])
    connection.execute(
        "INSERT INTO pooljobs.history SELECT %s, t, t, t, t, 7, 5, 1, 1, 0, 0, 0, 'failed', 'a', 'b', NULL, NULL, '{}'"
        " FROM now() AS t",
        (twins[1],),
    )
    with pytest.raises(NotFoundError, match="several") as caught:
        reader.find("abcdabcd-abcd")
    assert str(caught.value.hint) == f"name one: {twins[0]}, {twins[1]}"
    assert [reader.find(str(twin))["id"] for twin in twins] == twins


@pytest.fixture
def many(connection: Connection[Any]) -> Connection[Any]:
    """100,000 jobs that wait and 100,000 that ended, in the order of their ids. No statistics tell of them."""
    connection.execute("SELECT pooljobs.ensure_partitions()")
    connection.execute(
        "CREATE FUNCTION pooljobs.id_of(n integer) RETURNS uuid LANGUAGE sql AS $$ SELECT encode(substr(int8send("
        "1700000000000 + n * 3), 3) || decode('7000800000000000', 'hex') || substr(int4send(n), 3), 'hex')::uuid $$"
    )
    connection.execute(
        "INSERT INTO pooljobs.live (id, job_type) SELECT pooljobs.id_of(n), 'a' FROM generate_series(1, 100000) AS n"
    )
    connection.execute(
        "INSERT INTO pooljobs.history SELECT pooljobs.id_of(n), t, t, t, t, 7, 5, 1, 1, 0, 0, 0, 'failed', 'a', 'b',"
        " NULL, NULL, '{}' FROM generate_series(100001, 200000) AS n, now() AS t"
    )
    for (partition,) in connection.execute("SELECT relid::text FROM pg_partition_tree('pooljobs.history')").fetchall():
        connection.execute(f"VACUUM {partition}".encode())  # enters what is new into the index of ranges
    return connection


@pytest.mark.parametrize("digits", [13, 36])
def test_an_id_is_looked_up_by_its_range_and_not_among_all_jobs(many: Connection[Any], digits: int) -> None:
    for number, waiting in ((50_000, 1), (150_000, 0)):
        first, last = id_range(str(scalar(many, "SELECT pooljobs.id_of(%s)", number))[:digits])
        with pinned_transaction(many, *PLANNED):
            plan = explain(many, SQL.load("show_job"), {"first": first, "last": last, "limit": 6})
        assert plan.of("live", "history") == {("live", "live_pkey"), ("history", "history_id")}
        assert plan.rows("live") == waiting
        assert plan.rows("history") < 10_000, "two or three ranges of 32 pages"


@pytest.mark.parametrize("text", ["", "abc", "xyzw", "0" * 33, "01981f0e_5b1a", "01981f0e-5b1"])
def test_what_is_no_id(text: str) -> None:
    with pytest.raises(OptionError):
        id_range(text)


def test_a_prefix_spans_its_range() -> None:
    first, last = id_range("01981f0E5b-1a7")
    assert str(first) == "01981f0e-5b1a-7000-0000-000000000000"
    assert str(last) == "01981f0e-5b1a-7fff-ffff-ffffffffffff"


@pytest.mark.hazard("A server crash forgets a claim")
@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_retry_carries_id_fence_and_runs_on(connection: Connection[Any], reader: Reader, status: str) -> None:
    job_id = ended(connection, status, attempts=3, max_retries=3)
    assert reader.retry(job_id)
    found = reader.find(str(job_id))
    expected = {"status": "pending", "attempts": 3, "max_retries": 4, "fence": 5, "crashes": 0, "last_error": "boom"}
    assert {name: found[name] for name in expected} == expected
    assert scalar(connection, "SELECT count(*) FROM pooljobs.history") == 0
    assert not reader.retry(job_id)


def test_a_retried_job_runs_again_and_ends(connection: Connection[Any], reader: Reader) -> None:
    job_id = ended(connection, "failed", attempts=1, max_retries=3)
    assert reader.retry(job_id)
    [again] = claim(connection, register(connection)) or []
    assert (again.id, again.fence, again.attempts) == (job_id, 6, 1)
    assert settle_all(connection, again.settled(Verdict.COMPLETED)) == set()
    found = reader.find(str(job_id))
    assert (found["status"], found["attempts"], found["max_retries"]) == ("completed", 2, 3)


def test_only_failed_and_cancelled_jobs_are_retried(connection: Connection[Any], reader: Reader) -> None:
    completed = ended(connection)
    insert(connection, 2)
    assert claim(connection, register(connection), limit=1)
    live = [row[0] for row in connection.execute("SELECT id FROM pooljobs.live").fetchall()]
    before = connection.execute("SELECT * FROM pooljobs.jobs ORDER BY id").fetchall()
    assert not any(reader.retry(job_id) for job_id in (completed, *live, UUID(int=1)))
    assert connection.execute("SELECT * FROM pooljobs.jobs ORDER BY id").fetchall() == before


@pytest.mark.hazard("A time that PostgreSQL holds")
def test_times_beyond_pythons_are_shown_as_postgresql_shows_them(
    connection: Connection[Any], reader: Reader, capsys: pytest.CaptureFixture[str]
) -> None:
    connection.execute("SET timezone = 'UTC'")
    for when in ("infinity", "-infinity", "10000-01-01 00:00:00+00", "0044-03-15 12:00:00+00 BC"):
        insert(connection, run_at=when, created_at=when)
        [job] = [job for job in reader.list_jobs() if str(job["run_at"]) == when]
        assert reader.find(str(job["id"]))["created_at"] == when
        emit_json([job])
        assert f'"run_at":"{when}"' in capsys.readouterr().out
        emit(job_sheet(reader.find(str(job["id"]))))
        assert f"run at    {when}" in capsys.readouterr().out


@pytest.mark.parametrize("style", ["SQL, DMY", "German", "Postgres"])
def test_times_are_read_whatever_the_databases_style(dsn: str, connection: Connection[Any], style: str) -> None:
    connection.execute(f"ALTER DATABASE {connection.info.dbname} SET datestyle = '{style}'".encode())
    insert(connection, run_at="2026-02-01 00:00:00+00")
    with open_reader(dsn, "pooljobs") as reader:
        assert reader.list_jobs()[0]["run_at"] == datetime(2026, 2, 1, tzinfo=UTC)


@pytest.mark.hazard(
    "With fifty thousand queues `stats` prints for minutes, or compares each job with each type",
    closed="the busiest hundred are listed; known types are looked up in one object (`count_jobs.sql`)",
    area="rows",
)
def test_of_many_queues_those_with_most_due_are_listed(connection: Connection[Any], reader: Reader) -> None:
    connection.execute(
        "INSERT INTO pooljobs.live (job_type, queue) SELECT 'type-' || n, 'q' || n FROM generate_series(10, 39) AS n"
    )
    insert(connection, 2, queue="q30")
    insert(connection, 1, queue="q20")
    listed, queues = reader.count(limit=3)
    assert [row["queue"] for row in listed] == ["q10", "q20", "q30"]
    assert queues == 30
    assert len(reader.count()[0]) == 30


def test_counts_by_queue(connection: Connection[Any], reader: Reader) -> None:
    insert(connection, 3, queue="a")
    insert(connection, 1, queue="a", run_at="2999-01-01")
    assert len(claim(connection, register(connection), queues=("a",), limit=1) or []) == 1
    ended(connection, queue="b")
    ended(connection, "failed", queue="b")
    ended(connection, queue="b", age="2 hours")
    (first, second), _ = reader.count()
    assert (first["queue"], first["pending"], first["due"], first["running"]) == ("a", 3, 2, 1)
    assert first["oldest_due_age"] > 0
    assert first["wait_p50"] is None
    assert (second["queue"], second["completed_last_hour"], second["failed_last_hour"]) == ("b", 1, 1)
    assert second["wait_p50"] == second["run_p95"] == 0
    assert reader.count("b") == ([second], 1)


def served(connection: Connection[Any], *queues: str, **columns: Any) -> int:
    """A worker's row as it is registered, and changed then."""
    worker = register(connection)
    changed = {"queues": list(queues), **columns}
    for column, value in changed.items():
        connection.execute(f"UPDATE pooljobs.workers SET {column} = %s WHERE id = %s".encode(), (value, worker))
    return worker


def test_workers_of_each_queue_are_those_that_live(connection: Connection[Any], reader: Reader) -> None:
    assert reader.workers() == {}
    for queues in (("a",), ("a", "b", "b"), ("c" * 300,)):
        served(connection, *queues)
    served(connection, "dead", dead_at="2026-01-01")
    lost = served(connection, "lost", leased_until="2000-01-01", job_timeout="1 ms")
    served(
        connection, "away", leased_until="2000-01-01", job_timeout="1 year"
    )  # since the server's start: not yet lost
    assert reader.workers() == {"a": 2, "b": 1, "c" * 201: 1, "away": 1}
    assert reader.workers(["b", "lost", "none"]) == {"b": 1}
    connection.execute("UPDATE pooljobs.workers SET leased_until = 'infinity' WHERE id = %s", (lost,))
    assert reader.workers(["lost"]) == {"lost": 1}


def test_a_waiting_job_whose_queue_nobody_serves_is_marked(connection: Connection[Any], reader: Reader) -> None:
    served(connection, "a", "c" * 201)
    for queue in ("a", "b"):
        insert(connection, job_type=queue, queue=queue)
    ended(connection, queue="b", job_type="ended")
    assert {job["job_type"]: job["unserved"] for job in reader.list_jobs()} == {"a": False, "b": True, "ended": False}
    assert [reader.find(str(job["id"]))["unserved"] for job in reader.list_jobs(statuses=["pending"])] == [True, False]


def test_a_user_who_may_not_know_of_workers_sees_jobs_all_the_same(owner_dsn: str, connection: Connection[Any]) -> None:
    """As a viewer's rights were before: the view, and nothing else."""
    insert(connection)
    with role_for(owner_dsn, "viewer") as viewer, open_reader(viewer, "pooljobs") as reader:
        assert reader.list_jobs(whole=True)[0]["unserved"] is True
        connection.execute(
            f"REVOKE ALL ON pooljobs.workers FROM {psycopg.conninfo.conninfo_to_dict(viewer)['user']}".encode()
        )
        [job] = reader.list_jobs(whole=True)
        assert (job["unserved"], job["payload"], reader.find(str(job["id"]))["unserved"]) == (None, "{}", None)
        assert reader.workers() is None


def test_a_whole_listing_has_payloads_and_workers(connection: Connection[Any], reader: Reader) -> None:
    insert(connection, job_type="waits")
    scalar(connection, "SELECT pooljobs.enqueue('runs', %s::jsonb)", '{"n": 12345678901234567890.10}')
    connection.execute("UPDATE pooljobs.live SET run_at = now() - interval '1 h' WHERE job_type = 'runs'")
    worker = register(connection)
    [held] = claim(connection, worker, limit=1) or []
    scalar(connection, "SELECT pooljobs.cancel(%s, 'why')", held.id)
    ended(connection, "failed", job_type="ended")
    jobs = {job["job_type"]: job for job in reader.list_jobs(whole=True)}
    runs = jobs["runs"]
    assert (runs["payload"], runs["worker_id"], runs["cancel_reason"]) == (
        '{"n": 12345678901234567890.10}',
        worker,
        "why",
    )
    assert (runs["worker_host"], runs["worker_pid"], runs["worker_ordinal"]) == ("test", 1, 1)
    assert runs["locked_until"] is not None
    assert (jobs["ended"]["worker_id"], jobs["ended"]["worker_host"], jobs["ended"]["fence"]) == (7, None, 5)
    assert (jobs["waits"]["worker_id"], jobs["waits"]["worker_pid"]) == (None, None)
    assert all(job["payload"] is None and "worker_host" not in job for job in reader.list_jobs())


def test_a_payload_that_is_too_large_for_a_listing_hides_no_job(connection: Connection[Any], reader: Reader) -> None:
    connection.execute(
        "INSERT INTO pooljobs.live (job_type, payload) SELECT 'large', jsonb_build_object('x', array_agg(random()))"
        " FROM generate_series(1, 50000)"
    )
    insert(connection, job_type="small")
    small, large = reader.list_jobs(whole=True)
    assert (small["payload"], small["payload_bytes"], large["payload"]) == ("{}", None, None)
    assert large["payload_bytes"] > 1 << 18
