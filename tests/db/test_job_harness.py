"""An application's jobs in a test: what was enqueued, run by the real statements, and time that passes."""

from __future__ import annotations

import asyncio
import itertools
import random
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import psutil
import psycopg
import pytest
from psycopg import Connection
from psycopg.rows import dict_row

from pooljobs import (
    Cancellation,
    Discard,
    JobContext,
    NotMigratedError,
    PoolJobs,
    Snooze,
    State,
    TimeLimit,
    TimeLimitExceeded,
    Unique,
    injected,
)
from pooljobs.testing import Drained, JobHarness, StoredJob, Verdict, harness
from tests.support.claims import scalar
from tests.support.database import DatabaseServer
from tests.support.waiting import wait_until


class Opened:
    """Made for handlers."""

    closed = False


def opened() -> Iterator[Opened]:
    value = Opened()
    yield value
    value.closed = True


app = PoolJobs("host=/the/database/of/development")
app.provide(Opened, opened)
seen: list[Any] = []


@app.job
def greet(name: str, times: int = 1) -> None:
    seen.append(name)


@app.job(queue="emails")
async def mail(to: str) -> None:
    await asyncio.sleep(0)
    seen.append((to, asyncio.get_running_loop(), threading.current_thread()))


@app.job(max_attempts=2, retry_policy="fixed", retry_delay_secs=3600)
def fails(text: str = "no") -> None:
    raise ValueError(text)


@app.job(max_attempts=3, retry_policy="fixed", retry_delay_secs=0)
def fails_at_once() -> None:
    raise ValueError("no")


@app.job
def chain(left: int) -> None:
    if left:
        chain.enqueue(left=left - 1)


@app.job
def endless() -> None:
    endless.enqueue()


@app.job
def decides(how: str) -> None:
    raise {"snooze": Snooze(60), "discard": Discard("so")}[how]


@app.job(time_limit=TimeLimit(soft=0.05, hard=60), max_attempts=1)
def sleeps() -> None:
    time.sleep(60)


@app.job
def cancels(job: str) -> str:
    return app.cancel(job)


@app.job(max_attempts=3, retry_policy="fixed", retry_delay_secs=0)
def cancels_itself(ctx: JobContext) -> None:
    assert app.cancel(ctx.id, reason="enough") is Cancellation.REQUESTED
    raise ValueError("and fails")


@app.job
def completes(ctx: JobContext, dsn: str, commit: bool = True) -> None:
    with psycopg.connect(dsn) as connection:
        ctx.complete_with(connection)
        if not commit:
            connection.rollback()


@app.job
def uses(opened: State[Opened] = injected()) -> None:
    seen.append(opened)


@app.job
def takes(data: Any) -> None:
    seen.append(data)


@pytest.fixture
def pooljobs_app() -> PoolJobs:
    seen.clear()
    return app


@pytest.fixture
def look(jobs: JobHarness) -> Iterator[Connection[Any]]:
    """A connection of the test's."""
    with psycopg.connect(jobs.dsn, autocommit=True) as connection:
        yield connection


def test_what_was_enqueued_is_found_and_returned(jobs: JobHarness) -> None:
    handle = greet.options(delay=timedelta(hours=1), priority=2, queue="special", trace_id="t").enqueue(name="Ada")
    greet.enqueue(name="Bob")
    job = jobs.assert_enqueued(greet, name="Ada", queue="special", delay=3600, priority=2, trace_id="t", max_retries=3)
    assert isinstance(job, StoredJob)
    assert (job.id, job.payload, job.state) == (handle.id, {"name": "Ada"}, "pending")
    assert jobs.assert_enqueued("greet", {"name": "Ada"}) == job
    assert jobs.assert_enqueued(greet, run_at=job.run_at) == job
    assert [each.payload["name"] for each in jobs.enqueued(greet)] == ["Ada", "Bob"]
    assert jobs.enqueued(greet, name="Bob") == jobs.enqueued()[1:]
    jobs.refute_enqueued(mail)
    jobs.refute_enqueued(greet, name="Eve")
    assert app.cancel(job) is Cancellation.CANCELLED
    jobs.refute_enqueued(greet, name="Ada")


def test_what_is_no_task_is_refused_by_what_would_be_one(jobs: JobHarness) -> None:
    bare: Any = greet.function
    for wrong in (lambda: jobs.run(bare, name="Ada"), lambda: jobs.assert_enqueued(bare), lambda: jobs.enqueued(bare)):
        with pytest.raises(TypeError, match=r"a task is what @app\.job makes, or its name"):
            wrong()


def test_what_was_not_is_told_with_what_was(jobs: JobHarness) -> None:
    mail.enqueue(to="ada@example.com")
    greet.enqueue(name="Bob")
    with pytest.raises(AssertionError) as told:
        jobs.assert_enqueued(greet, name="Ada", queue="emails")
    lines = str(told.value).splitlines()
    assert lines[:2] == ["no such job is enqueued: greet(payload={'name': 'Ada'}, queue='emails')", "enqueued are:"]
    assert [line.split()[0] for line in lines if "(queue" in line] == ["greet", "mail"]
    with pytest.raises(AssertionError, match="and should not be: greet"):
        jobs.refute_enqueued(greet)
    jobs.drain()
    with pytest.raises(AssertionError, match="there was one, which is completed by now"):
        jobs.assert_enqueued(greet, name="Bob")


def test_a_field_may_be_named_as_an_option_is(jobs: JobHarness) -> None:
    own = PoolJobs()

    @own.job
    def ship(queue: str) -> None: ...

    with harness(own, jobs.dsn) as inner:
        ship.enqueue(queue="front")
        inner.assert_enqueued(ship, {"queue": "front"}, queue="default")
        with pytest.raises(AssertionError, match="queue is an option here; for the payload's field"):
            inner.assert_enqueued(ship, queue="front")


def test_what_is_secret_is_in_no_error(jobs: JobHarness) -> None:
    own = PoolJobs()

    @own.job(secret=("password",))
    def log_in(name: str, password: str) -> None: ...

    with harness(own, jobs.dsn) as inner:
        log_in.enqueue(name="Ada", password="correct horse")
        with pytest.raises(AssertionError) as missed:
            inner.assert_enqueued(log_in, password="battery")
        with pytest.raises(AssertionError) as unwanted:
            inner.refute_enqueued(log_in)
        assert "'password': '***'" in str(missed.value)
        assert "correct horse" not in f"{missed.value}{unwanted.value}"


def test_a_database_without_the_tables_is_told_of(empty_dsn: str) -> None:
    with pytest.raises(NotMigratedError), harness(app, empty_dsn):
        pass
    assert app.dsn == "host=/the/database/of/development"


def test_a_payload_that_is_taken_whole(jobs: JobHarness) -> None:
    takes.enqueue(data=[1, 2])
    jobs.assert_enqueued(takes, data=[1, 2])
    jobs.refute_enqueued(takes, data=[1, 2, 3])


def test_all_that_is_due_runs_and_what_comes_of_it(jobs: JobHarness) -> None:
    chain.enqueue(left=3)
    greet.enqueue(name="Ada")
    mail.enqueue(to="x")
    assert jobs.drain() == Drained(completed=6)
    assert jobs.drain() == Drained()
    assert threading.current_thread() in seen[1]


def test_a_run_by_itself_may_complete_its_job_on_a_connection_and_an_inline_one_too(jobs: JobHarness, dsn: str) -> None:
    assert jobs.run(completes, dsn=dsn).verdict is Verdict.COMPLETED
    with jobs.inline(), psycopg.connect(dsn) as connection:
        seen.clear()
        completes.enqueue_with(connection, dsn=dsn)
        greet.enqueue_many_with(connection, [{"name": "Ada"}, {"name": "Bob"}])
    assert len(seen) == 2
    assert jobs.drain() == Drained()


@pytest.mark.asyncio
async def test_an_inline_job_on_an_async_connection_is_awaited(jobs: JobHarness, dsn: str) -> None:
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        with jobs.inline():
            seen.clear()
            await greet.enqueue_with(connection, name="Ada")
    assert len(seen) == 1
    assert await jobs.drain_async() == Drained()


def test_the_order_is_by_priority_and_then_by_time(jobs: JobHarness) -> None:
    for name, priority, queue in (("c", 0, "z"), ("d", 0, "a"), ("e", 1, "a"), ("a", -4, "z"), ("b", -1, "b")):
        greet.options(priority=priority, queue=queue).enqueue(name=name)
    jobs.drain()
    assert seen == ["a", "b", "c", "d", "e"]


def test_on_a_slow_machine_too_what_travelled_is_found(jobs: JobHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where each claim takes a second, looks at a queue from its start are dear, and a worker puts them off."""
    seconds = itertools.count()
    clock = SimpleNamespace(monotonic=lambda: float(next(seconds)))
    monkeypatch.setattr("pooljobs_worker.claims.claimer.time", clock)
    greet.options(delay=30).enqueue(name="later")
    for name in ("Ada", "Grace"):
        greet.enqueue(name=name)
    assert jobs.drain().completed == 2
    jobs.travel(minutes=1)
    assert jobs.drain().completed == 1


def test_what_is_due_later_waits_for_travel(jobs: JobHarness) -> None:
    greet.options(delay=timedelta(hours=1)).enqueue(name="Ada")
    fails.enqueue()
    assert jobs.drain() == Drained(retried=1)
    jobs.travel(minutes=59)
    assert jobs.drain() == Drained()
    jobs.travel(timedelta(minutes=1))
    drained = jobs.drain()
    assert drained == Drained(completed=1, failed=1)
    assert drained.errors[0].startswith("ValueError: no")
    assert "in fails" in drained.errors[0]
    with pytest.raises(ValueError, match="ahead"):
        jobs.travel(hours=-1)


def test_retries_that_are_due_at_once_run(jobs: JobHarness) -> None:
    fails_at_once.enqueue()
    assert jobs.drain() == Drained(retried=2, failed=1)


def test_what_handlers_decide_is_counted(jobs: JobHarness) -> None:
    decides.enqueue(how="snooze")
    decides.enqueue(how="discard")
    assert jobs.drain() == Drained(snoozed=1, cancelled=1)
    jobs.travel(minutes=1)
    assert jobs.drain() == Drained(snoozed=1)


def test_a_failure_is_raised_once_it_is_stored(jobs: JobHarness, look: Connection[Any]) -> None:
    fails.enqueue(text="raised")
    with pytest.raises(ValueError, match="raised") as told:
        jobs.drain(raising=True)
    assert told.traceback[-1].name == "fails"
    assert scalar(look, "SELECT attempts FROM pooljobs.jobs") == 1


def test_a_failure_is_in_the_log_as_a_warning(jobs: JobHarness, caplog: pytest.LogCaptureFixture) -> None:
    fails.enqueue()
    jobs.drain()
    assert "in fails" in caplog.text


def test_a_chain_without_an_end_is_an_error(jobs: JobHarness) -> None:
    endless.enqueue()
    with pytest.raises(AssertionError, match=r"after 20 runs a job of endless is due: .* endless \(20 runs\)"):
        jobs.drain(safety=20)
    assert len(jobs.enqueued(endless)) == 1


def test_what_is_meant_for_pytest_ends_the_drain_and_the_job_goes_back(jobs: JobHarness) -> None:
    own = PoolJobs()

    @own.job
    def checks() -> None:
        pytest.fail("seen in a handler")

    with harness(own, jobs.dsn) as inner:
        checks.enqueue()
        with pytest.raises(pytest.fail.Exception, match="seen in a handler"):
            inner.drain()
        assert len(inner.enqueued(checks)) == 1


def test_time_limits_hold(jobs: JobHarness) -> None:
    sleeps.enqueue()
    with pytest.raises(TimeLimitExceeded):
        jobs.drain(raising=True)


def test_cancellations(jobs: JobHarness, look: Connection[Any]) -> None:
    victim = greet.options(delay=1).enqueue(name="never")
    cancels.enqueue(job=str(victim.id))
    itself = cancels_itself.enqueue()
    jobs.drain()
    jobs.travel(hours=1)
    assert jobs.drain() == Drained()
    statuses = dict(look.execute("SELECT id, status FROM pooljobs.jobs").fetchall())
    assert (statuses[victim.id], statuses[itself.id]) == ("cancelled", "cancelled")
    assert seen == []


def test_what_is_paused_waits_and_the_rest_runs(jobs: JobHarness) -> None:
    greet.enqueue(name="first")
    mail.enqueue(to="Ada")
    app.pause_type("greet")
    assert jobs.drain().completed == 1
    assert [each[0] for each in seen] == ["Ada"]
    app.resume_type("greet")
    app.pause_queue("emails")
    assert jobs.drain().completed == 1
    app.resume_queue("emails")
    assert seen[1:] == ["first"]


@pytest.mark.parametrize("commit", [True, False])
def test_completion_in_the_handlers_transaction(jobs: JobHarness, *, commit: bool) -> None:
    completes.enqueue(dsn=jobs.dsn, commit=commit)
    assert jobs.drain() == Drained(completed=1)


def test_large_and_odd_payloads(jobs: JobHarness, look: Connection[Any]) -> None:
    """What comes with no claim, what the fast reader of JSON does not take, and what is neither."""
    given = ["".join(random.Random(1).choices("ab", k=1_000_000)), {"a": [None, "\u2028"]}]
    for data in given:
        takes.enqueue(data=data)
    look.execute("SELECT pooljobs.enqueue('takes', jsonb_build_object('data', ('1' || repeat('0', 400))::jsonb))")
    assert jobs.drain() == Drained(completed=3)
    assert seen == [*given, 10**400]


def test_what_this_code_does_not_take_has_failed(jobs: JobHarness, look: Connection[Any]) -> None:
    look.execute("SELECT pooljobs.enqueue('unheard_of'), pooljobs.enqueue('greet', '{\"name\": 5}')")
    drained = jobs.drain()
    assert drained == Drained(failed=2)
    assert any("no handler registered" in error for error in drained.errors)


def test_sql_knows_what_the_application_declares(jobs: JobHarness, look: Connection[Any]) -> None:
    look.execute("SELECT pooljobs.enqueue('mail', '{\"to\": \"x\"}')")
    jobs.assert_enqueued(mail, to="x", queue="emails")


def test_a_job_that_is_gone_when_it_ends_is_lost(jobs: JobHarness) -> None:
    own = PoolJobs()

    @own.job
    def deletes() -> None:
        with psycopg.connect(jobs.dsn) as connection:
            connection.execute("DELETE FROM pooljobs.live")

    with harness(own, jobs.dsn) as inner:
        deletes.enqueue()
        assert inner.drain() == Drained(lost=1)


def test_what_the_database_refuses_to_store_is_raised(jobs: JobHarness, look: Connection[Any]) -> None:
    look.execute(
        "CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''no history''; END';"
        "CREATE TRIGGER refuse BEFORE INSERT ON pooljobs.history FOR EACH ROW EXECUTE FUNCTION public.refuse()"
    )
    greet.enqueue(name="Ada")
    with pytest.raises(psycopg.errors.RaiseException, match="no history"):
        jobs.drain()


def test_in_a_transaction_that_nobody_commits(jobs: JobHarness) -> None:
    with psycopg.connect(jobs.dsn, row_factory=dict_row) as connection:
        greet.enqueue_with(connection, name="Ada")
        chain.enqueue_with(connection, left=0)
        fails_at_once.enqueue_with(connection)
        assert jobs.drain() == Drained()
        assert jobs.drain(connection=connection) == Drained(completed=2, retried=2, failed=1)
        connection.rollback()
    assert seen == ["Ada"]
    assert jobs.enqueued() == []


def test_a_handler_on_the_tests_connection_does_not_break_its_transaction(jobs: JobHarness) -> None:
    own = PoolJobs()
    made: list[Connection[Any]] = []

    @own.job(max_attempts=1)
    def runs(query: str) -> None:
        made[0].execute(query.encode())

    with harness(own, jobs.dsn) as inner, psycopg.connect(jobs.dsn) as connection:
        made.append(connection)
        for query in ("CREATE TABLE seen ()", "SELECT nothing", "INSERT INTO seen DEFAULT VALUES"):
            runs.enqueue_with(connection, query=query)
        assert inner.drain(connection=connection) == Drained(completed=2, failed=1)
        assert len(connection.execute("SELECT FROM seen").fetchall()) == 1


@pytest.mark.asyncio
async def test_in_an_event_loop(jobs: JobHarness) -> None:
    await mail.enqueue_async(to="x")
    await greet.enqueue_async(name="Ada")
    await fails.enqueue_async()
    assert await jobs.drain_async() == Drained(completed=2, retried=1)
    assert seen[0][1] is asyncio.get_running_loop()
    assert (await jobs.run_async(mail, to="y")).error is None
    with pytest.raises(RuntimeError, match=r"await jobs\.drain_async"):
        jobs.drain()
    with pytest.raises(RuntimeError, match=r"await jobs\.run_async"):
        jobs.run(mail, to="y")
    await greet.enqueue_async(name="Bob")
    await fails.enqueue_async(text="raised")
    with pytest.raises(ValueError, match="raised"):
        await jobs.drain_async(raising=True)


def test_one_run_stores_nothing(jobs: JobHarness) -> None:
    ran = jobs.run(greet.options(priority=3), "Ada", times=2, attempt=2)
    assert (ran.error, seen, jobs.enqueued()) == (None, ["Ada"], [])
    assert jobs.run(completes, dsn=jobs.dsn).error is None


def test_inline_runs_at_the_enqueue(jobs: JobHarness) -> None:
    with jobs.inline():
        greet.enqueue(name="Ada")
    greet.enqueue(name="Bob")
    assert seen == ["Ada"]
    assert len(jobs.enqueued()) == 1


def test_state_is_made_for_each_test_and_closed_after_it(server: DatabaseServer) -> None:
    seen.clear()
    with server.migrated() as dsn:
        for _ in range(2):
            with harness(app, dsn) as jobs:
                uses.enqueue()
                jobs.drain()
    first, second = seen
    assert first is not second
    assert first.closed
    assert second.closed


def test_what_the_test_raises_leaves_nothing_behind(server: DatabaseServer, owner_dsn: str) -> None:
    descriptors = psutil.Process().num_fds()

    def test() -> None:
        with harness(app, owner_dsn) as jobs:
            greet.enqueue(name="Ada")
            jobs.drain()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        test()
    assert app.dsn == "host=/the/database/of/development"
    with psycopg.connect(owner_dsn) as connection:
        ours = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        wait_until(lambda: scalar(connection, ours) == 0)
    assert psutil.Process().num_fds() <= descriptors
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("pooljobs-limit")]


def test_the_database_of_development_is_never_met(server: DatabaseServer, monkeypatch: pytest.MonkeyPatch) -> None:
    own = PoolJobs()

    @own.job
    def note(name: str) -> None: ...

    with server.migrated() as development:
        monkeypatch.setenv("DATABASE_URL", development)
        with harness(own) as jobs:
            note.enqueue(name="in the test")
            assert jobs.drain() == Drained(completed=1)
            assert jobs.dsn != development
        with psycopg.connect(development) as connection:
            assert scalar(connection, "SELECT count(*) FROM pooljobs.jobs") == 0
            assert scalar(connection, "SELECT count(*) FROM pooljobs.workers") == 0
        note.enqueue(name="afterwards")
        own.close()
        with psycopg.connect(development) as connection:
            assert scalar(connection, "SELECT count(*) FROM pooljobs.jobs") == 1


def test_a_schema_of_the_applications_own(server: DatabaseServer) -> None:
    own = PoolJobs(schema='Jobs of "shop"%')

    @own.job
    def note() -> None: ...

    with server.migrated(own.schema) as dsn, harness(own, dsn) as jobs:
        note.options(delay=60).enqueue()
        jobs.travel(minutes=1)
        assert jobs.drain() == Drained(completed=1)


@pytest.mark.parametrize("table", ["pooljobs.live", "pooljobs.uniques"])
def test_every_time_of_a_live_job_and_of_its_key_travels(jobs: JobHarness, look: Connection[Any], table: str) -> None:
    """Whatever column comes: what is not moved would be out of step."""
    greet.options(delay=60, unique_key="Ada").enqueue(name="Ada")
    times = "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND atttypid = 1184 AND attnum > 0"
    names = [name for (name,) in look.execute(times, [table]).fetchall()]
    for name in names:
        look.execute(f"UPDATE {table} SET {name} = coalesce({name}, now())".encode())
    row = f"SELECT {', '.join(names)} FROM {table}".encode()
    before = look.execute(row).fetchone()
    jobs.travel(hours=1)
    after = look.execute(row).fetchone()
    assert before is not None
    assert after is not None
    assert {earlier - later for earlier, later in zip(before, after, strict=True)} == {timedelta(hours=1)}


@app.job(unique=Unique(within=3600))
def hourly() -> None: ...


def test_a_key_that_is_held_for_an_hour_is_free_after_one(jobs: JobHarness) -> None:
    outcomes = [hourly.enqueue().outcome]
    for _ in range(2):
        jobs.drain()
        outcomes.append(hourly.enqueue().outcome)
        jobs.travel(hours=1)
    assert outcomes == ["new", "kept", "new"]


@app.job
def labelled(ctx: JobContext) -> None:
    ctx.progress(1, 2, "nobody looks")
    seen.append((ctx.tags, ctx.meta))


def test_tags_and_meta_are_there_for_the_test_and_for_the_handler(jobs: JobHarness) -> None:
    bound = labelled.options(tags=["a"], meta={"b": 1})
    bound.enqueue()
    stored = jobs.assert_enqueued(labelled)
    assert (stored.tags, stored.meta) == (("a",), {"b": 1})
    jobs.drain(raising=True)
    assert jobs.run(bound).error is None
    with jobs.inline():
        bound.enqueue()
    assert seen == [(("a",), {"b": 1})] * 3
