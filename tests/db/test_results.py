"""What handlers return, from the worker's JSON to the caller's value: kept or not, and why not."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from io import StringIO
from typing import Any
from uuid import UUID, uuid4

import orjson
import psycopg
import pytest
from psycopg import Connection
from rich.console import Console
from rich.table import Table

from pooljobs import (
    DeclarationError,
    Discard,
    JobCancelledError,
    JobContext,
    JobFailedError,
    JobHandle,
    JobStatus,
    NoResultError,
    NotFoundError,
    OptionError,
    PayloadError,
    PoolJobs,
    RefusedError,
    ResultNotReadyError,
    UnknownJobError,
    injected,
)
from pooljobs.job.verdict import Verdict
from pooljobs.operations.reader import open_reader
from pooljobs.testing import JobHarness, harness
from pooljobs_cli.output.job_json import job_json
from pooljobs_cli.output.job_sheet import job_sheet
from tests.support.claims import claim, register, scalar, settle_all
from tests.support.database import DatabaseServer

Conn = Connection[Any]


@dataclass
class Page:
    url: str
    seen: date


app = PoolJobs(results=True)
asked: list[object] = []


@app.job
def fetch(url: str) -> Page:
    return Page(url, date(2026, 1, 2))


@app.job
async def count(words: list[str]) -> int:
    return len(words)


@app.job
def hidden(words: list[str]) -> Any:
    return count.function(words)  # a coroutine, behind a plain handler


@app.job
def nothing() -> None: ...


@app.job(max_attempts=1)
def fail() -> int:
    raise ValueError("no such \x1b[1mthing")


@app.job
def discard() -> int:
    raise Discard("of no use")


@app.job(result_limit=10)
def large() -> str:
    return "x" * 9


@app.job
def unstorable() -> Any:
    return object()


@app.job
def strange() -> Any:
    return {"nul": "\0"}


@dataclass
class Raises:
    field: int = 0

    def __getattribute__(self, name: str) -> Any:
        if name == "field":
            raise ZeroDivisionError
        return object.__getattribute__(self, name)


@app.job
def raises() -> Any:
    return Raises()


@app.job(result=False)
def dropped() -> int:
    return 3


@app.job
def waits(ctx: JobContext = injected()) -> str:
    other = count.enqueue(words=["a"])
    asked[:] = [other.status().state]
    for timeout in (None, 1.0, 0):
        try:
            other.result(timeout=timeout)
        except (RefusedError, ResultNotReadyError) as error:
            asked.append(type(error))
    return str(ctx.id)


@pytest.fixture
def jobs(pooljobs_server: DatabaseServer) -> Iterator[JobHarness]:
    with pooljobs_server.migrated() as dsn, harness(app, dsn) as found:
        yield found


def test_what_was_returned_comes_back_as_it_is_annotated(jobs: JobHarness) -> None:
    page, words, behind, none = (
        fetch.enqueue(url="/"),
        count.enqueue(words=["a"]),
        hidden.enqueue(words=[]),
        nothing.enqueue(),
    )
    assert page.status() == JobStatus("pending", 0, error=None, finished_at=None, job_type="fetch")
    jobs.drain()
    assert (page.result(), words.result(), none.result()) == (Page("/", date(2026, 1, 2)), 1, None)
    assert behind.result(timeout=0) == 0
    assert page.status().ended
    assert page.status().state == "completed"


def test_by_its_id_it_is_found_in_any_process(jobs: JobHarness) -> None:
    page = fetch.enqueue(url="/")
    jobs.drain()
    elsewhere = PoolJobs(jobs.dsn)
    with elsewhere:
        assert elsewhere.handle(str(page.id)).result() == {"url": "/", "seen": "2026-01-02"}
    for known in (app.handle(page.id), app.handle(page.id, fetch), app.handle(pickle.loads(pickle.dumps(page)))):
        assert known.result() == Page("/", date(2026, 1, 2))
    with pytest.raises(RefusedError, match=r"made elsewhere"):
        copy.copy(page).result()
    with pytest.raises(OptionError, match="not a job's id"):
        app.handle("x")


def test_several_as_they_end_each_with_a_value_or_an_error(jobs: JobHarness) -> None:
    handles: list[JobHandle] = [
        fetch.enqueue(url="/"),
        fail.enqueue(),
        discard.enqueue(),
        large.enqueue(),
        unstorable.enqueue(),
        strange.enqueue(),
        raises.enqueue(),
        dropped.enqueue(),
        app.handle(uuid4()),
    ]
    later = fetch.options(delay=60).enqueue(url="/later")
    jobs.drain()
    by_id = {job.id: outcome for job, outcome in app.results([*handles, later, handles[0]], timeout=0.2)}

    async def main() -> dict[UUID, Any]:
        return {job.id: outcome async for job, outcome in app.results_async([*handles, later], timeout=0.2)}

    told = [f"{type(by_id[job.id].error).__name__}: {by_id[job.id].error}" for job in (*handles[1:], later)]
    assert by_id[handles[0].id].get() == Page("/", date(2026, 1, 2))
    for line, expected in zip(
        told,
        (
            r"JobFailedError: job * (fail) failed in run 1: ValueError: no such \x1b[1mthing",
            "JobCancelledError: job * (discard): pooljobs.handler.outcomes.Discard: of no use",
            "NoResultError: job * was not kept: result: 11 bytes of JSON, and 10 are kept (result_limit)",
            "NoResultError: job * was not kept: result: a value of type object cannot be stored as JSON",
            "NoResultError: job * was not kept: result.nul: contains a NUL character*",
            "NoResultError: job * was not kept: result: *",
            "NoResultError: job *: jobs of type dropped keep no results",
            "UnknownJobError: there is no job *",
            "ResultNotReadyError: job * (fetch) is pending",
        ),
        strict=True,
    ):
        before, _, after = expected.partition("*")
        assert line.startswith(before), line
        assert after.strip("*") in line, line
    again = asyncio.run(main())
    assert {job: str(outcome.error) for job, outcome in again.items()} == {
        job: str(outcome.error) for job, outcome in by_id.items()
    }


def test_errors_know_their_job_and_go_through_pickle(jobs: JobHarness) -> None:
    failed = fail.enqueue()
    jobs.drain()
    with pytest.raises(JobFailedError) as raised:
        failed.result()
    again = pickle.loads(pickle.dumps(raised.value))
    assert (again.job_id, again.attempts, str(again)) == (failed.id, 1, str(raised.value))
    assert again.last_error.startswith("ValueError: no such")
    assert "Traceback" in again.last_error
    with pytest.raises(NotFoundError):
        app.handle(uuid4()).status()
    with pytest.raises(TimeoutError):
        fetch.enqueue(url="/").result(timeout=0)


def test_the_first_word_of_a_cancelled_job_is_the_reason(jobs: JobHarness) -> None:
    job = fetch.enqueue(url="/")
    app.cancel(job, reason="not wanted")
    with pytest.raises(JobCancelledError, match="cancelled before it ran: not wanted"):
        job.result(timeout=0)
    assert job.status().state == "cancelled"


@pytest.mark.hazard(
    "A handler waits for a job that its own worker would have to run",
    closed="`result` raises RefusedError where a handler runs; a look does not",
    area="results",
)
def test_a_handler_looks_and_does_not_wait(jobs: JobHarness) -> None:
    job = waits.enqueue()
    jobs.drain()
    assert job.result() == str(job.id)
    assert asked == ["pending", RefusedError, RefusedError, ResultNotReadyError]


@pytest.mark.hazard(
    "A result that cannot be stored fails its job, whose work is then done again",
    closed="the job is completed, and `history.result_note` says why there is none",
    area="results",
)
def test_a_result_that_the_database_refuses_undoes_no_job(jobs: JobHarness) -> None:
    refusing = """
    CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN IF NEW.result::text LIKE '%never%' THEN RAISE 'no such results here'; END IF; RETURN NEW; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON pooljobs.history FOR EACH ROW EXECUTE FUNCTION public.refuse()
    """
    with psycopg.connect(jobs.dsn, autocommit=True) as owner:
        owner.execute(refusing.encode())
        good, bad = fetch.enqueue(url="/"), fetch.enqueue(url="/never")
        assert jobs.drain().completed == 2
        assert good.result() == Page("/", date(2026, 1, 2))
        with pytest.raises(NoResultError, match="refused by the database: no such results here"):
            bad.result()
        assert bad.status().state == "completed"
        assert scalar(owner, "SELECT count(*) FROM pooljobs.history WHERE result_note IS NOT NULL") == 1


@pytest.mark.hazard(
    "A job type keeps results no more, or an older worker runs it, while somebody waits for one",
    closed="the waiter looks by himself, and is told that there is none",
    area="results",
)
def test_of_a_job_that_was_run_by_code_that_keeps_none_there_is_none(jobs: JobHarness) -> None:
    job = fetch.enqueue(url="/")
    with psycopg.connect(jobs.dsn, autocommit=True) as connection:
        (held,) = claim(connection, register(connection)) or []
        assert not settle_all(connection, held.settled(Verdict.COMPLETED))
    with pytest.raises(NoResultError, match="completed without a result"):
        job.result(timeout=30)


def test_what_was_stored_by_other_code_is_refused_by_name(jobs: JobHarness) -> None:
    job = fetch.enqueue(url="/")
    jobs.drain()
    other = PoolJobs(jobs.dsn)

    def another(url: str) -> int:
        return len(url)

    other.job(name="fetch", result=True)(another)
    with other, pytest.raises(PayloadError, match=rf"job {job.id} \(fetch\).*: result: expected an integer") as refused:
        other.handle(job.id).result()
    assert "other code has run it" in (refused.value.hint or "")
    with psycopg.connect(jobs.dsn, autocommit=True) as connection:
        connection.execute("UPDATE pooljobs.history SET result = %s", ["[" * 5000 + "]" * 5000])
    with pytest.raises(PayloadError, match=r"result: (nested too deeply to be read|expected an object)"):
        job.result()  # from 3.13 on Python reads that


def test_what_is_no_handle_is_refused_with_a_word_on_handles(jobs: JobHarness) -> None:
    job = fetch.enqueue(url="/")
    wrong: tuple[tuple[Any, str], ...] = (
        ([job.id], "app.handle"),
        (str(job.id), "app.handle"),
        (job, r"results\(\[job\]\)"),
        (None, ""),
    )
    for said, cure in wrong:
        for method in (jobs.app.results, jobs.app.results_async):
            with pytest.raises(OptionError, match="results takes handles") as refused:
                method(said)
            assert re.search(cure, refused.value.hint or "")


def test_the_view_has_it_as_json(jobs: JobHarness) -> None:
    fetch.enqueue(url="/")
    nothing.enqueue()
    large.enqueue()
    jobs.drain()
    with psycopg.connect(jobs.dsn) as connection:
        rows = connection.execute("SELECT job_type, result::text, result_note FROM pooljobs.jobs ORDER BY job_type")
        found = {row[0]: row[1:] for row in rows}
    assert found["fetch"] == ('{"url":"/","seen":"2026-01-02"}', None)
    assert found["nothing"] == ("null", None)
    assert found["large"][0] is None
    assert "11 bytes" in found["large"][1]


def test_commands_show_it_cut_or_as_json(jobs: JobHarness) -> None:
    short, long, none = fetch.enqueue(url="/\x1b[2J"), fetch.enqueue(url="x" * 9000), large.enqueue()
    jobs.drain()
    with open_reader(jobs.dsn, app.schema) as reader:
        rows = {job.id: reader.find(str(job.id)) for job in (short, long, none)}
        listed = {row["id"]: row for row in reader.list_jobs(whole=True)}
    sheets = {job_id: shown(job_sheet(row | {"secret": None})) for job_id, row in rows.items()}
    assert '"url": "/\\u001b[2J"' in sheets[short.id]
    assert "characters more (--json has them)" in sheets[long.id]
    assert "result: 11 bytes of JSON" in sheets[none.id]
    for row in (rows[long.id], listed[long.id]):
        told = json.loads(orjson.dumps({"result": job_json(row)["result"]}))
        assert told["result"] == {"url": "x" * 9000, "seen": "2026-01-02"}
    assert listed[none.id]["result_note"].startswith("result: 11 bytes")


def shown(table: Table) -> str:
    with StringIO() as file:
        Console(file=file, width=200).print(table)
        return file.getvalue()


def unreadable() -> type[Conn]:
    return Connection


def unresolved() -> Unimported: ...  # type: ignore[name-defined]  # noqa: F821


def test_contradictions_are_refused_where_they_are_declared() -> None:
    declaring = PoolJobs()
    with pytest.raises(DeclarationError, match="unreadable: what it returns could not be read again") as refused:
        declaring.job(result=True)(unreadable)
    assert refused.value.hint == "annotate what JSON can hold; or keep none: @app.job(result=False)"
    with pytest.raises(DeclarationError, match="cannot resolve the annotation of return") as refused:
        declaring.job(result=True)(unresolved)
    assert (refused.value.hint or "").startswith("define or import that name at module level")
    declaring.job(unreadable)
    for wrong in (0, -1, 16 * 1024 * 1024 + 1, 1.5, True):
        with pytest.raises(DeclarationError, match="result_limit is a number of bytes from 1 to 16,777,216"):
            declaring.job(name="a", result=True, result_limit=wrong)(nothing.function)  # type: ignore[arg-type]
    for result in (False, None):
        with pytest.raises(DeclarationError, match="not kept"):
            declaring.job(name="a", result=result, result_limit=5)(nothing.function)
    assert dropped.result_limit is None
    assert (fetch.result_limit, large.result_limit) == (65_536, 10)


@pytest.mark.parametrize("timeout", [-1, "1", True, float("nan"), 1e300])
def test_a_timeout_is_a_number_of_seconds(jobs: JobHarness, timeout: Any) -> None:
    with pytest.raises(OptionError, match="timeout is a number of seconds from 0 to 315,360,000"):
        fetch.enqueue(url="/").result(timeout=timeout)


def test_an_uncommitted_job_is_unknown_and_the_hint_says_why(jobs: JobHarness) -> None:
    with psycopg.connect(jobs.dsn) as connection:
        job = fetch.enqueue_with(connection, url="/")
        with pytest.raises(UnknownJobError) as raised:
            job.result(timeout=5)
    assert "commit that first" in (raised.value.hint or "")
