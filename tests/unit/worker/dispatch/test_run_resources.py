"""What is opened for one run: in every kind of handler, closed whatever happens, and without a say in the verdict."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import wraps
from typing import Any

import pytest

from pooljobs import Discard, Fail, JobContext, PoolJobs, Retry, Snooze, State
from pooljobs.job.verdict import Settlement, Verdict
from tests.unit.worker.dispatching import dispatching

TOLD: list[str] = []


@pytest.fixture(autouse=True)
def nothing_told() -> None:
    TOLD.clear()


class Session:
    def __init__(self, name: str = "session") -> None:
        self.name = name


class Engine: ...


class Repository:
    def __init__(self, session: Session) -> None:
        self.session = session


ERRORS: dict[str, BaseException] = {
    "value": ValueError("no"),
    "exit": SystemExit("out"),
    "cancelled": asyncio.CancelledError(),
    "discard": Discard("gone"),
    "fail": Fail("never"),
    "retry": Retry(after=5),
    "snooze": Snooze(60),
    "generator": GeneratorExit(),
    "stop": StopIteration(),
}

VERDICTS = {
    "": Verdict.COMPLETED,
    "value": Verdict.RETRY,
    "exit": Verdict.RETRY,
    "cancelled": Verdict.RETRY,
    "discard": Verdict.CANCELLED,
    "fail": Verdict.FAILED,
    "retry": Verdict.RETRY,
    "snooze": Verdict.SNOOZED,
    "generator": Verdict.RETRY,
    "stop": Verdict.RETRY,
}


def ends(how: str) -> None:
    TOLD.append("run")
    if how:
        raise ERRORS[how]


def an_app() -> PoolJobs:
    app = PoolJobs()

    @app.job
    def plain(session: State[Session], how: str = "") -> None:
        TOLD.append(session.name)
        ends(how)

    @app.job
    async def awaits(session: State[Session], how: str = "") -> None:
        TOLD.append(session.name)
        await asyncio.sleep(0)
        ends(how)

    @app.job(name="hidden")
    @wraps(awaits.function)
    def hidden(session: Session, how: str = "") -> object:
        return awaits.function(session, how)

    return app


def run(app: PoolJobs, job_type: str, how: str = "", *, tasks: bool = False, **payload: Any) -> Settlement:
    with dispatching(app, tasks=tasks) as here:
        return here.run(here.claimed(job_type, {"how": how, **payload} if how else payload), 1)


ANY = pytest.mark.parametrize(
    ("job_type", "tasks"), [("plain", False), ("awaits", False), ("awaits", True), ("hidden", False), ("hidden", True)]
)
ASYNC = pytest.mark.parametrize(("job_type", "tasks"), [("awaits", False), ("awaits", True), ("hidden", False)])


@ANY
@pytest.mark.parametrize("how", VERDICTS)
def test_it_is_closed_by_what_ended_the_run_which_stays_the_verdict(job_type: str, how: str, *, tasks: bool) -> None:
    app = an_app()

    def transaction() -> Iterator[Session]:
        try:
            yield Session()
        except BaseException as error:
            TOLD.append(f"rolled back {type(error).__name__}")
            raise
        TOLD.append("committed")

    app.provide(Session, transaction, scope="run")
    expected = VERDICTS[how]
    kind = type(ERRORS[how]).__name__ if how else ""
    if how == "stop" and job_type != "plain":
        kind = "RuntimeError"  # as Python has it where a coroutine raises that
    assert run(app, job_type, how, tasks=tasks).verdict is expected
    assert ["session", "run", f"rolled back {kind}" if how else "committed"] == TOLD


@ASYNC
@pytest.mark.parametrize("how", VERDICTS)
def test_so_is_what_is_to_be_awaited(job_type: str, how: str, *, tasks: bool) -> None:
    app = an_app()

    async def transaction() -> AsyncIterator[Session]:
        await asyncio.sleep(0)
        try:
            yield Session()
        except BaseException as error:
            await asyncio.sleep(0)
            TOLD.append(f"rolled back {type(error).__name__}")
            raise
        await asyncio.sleep(0)
        TOLD.append("committed")

    app.provide(Session, transaction, scope="run")
    kind = type(ERRORS[how]).__name__ if how else ""
    if how == "stop":
        kind = "RuntimeError"
    assert run(app, job_type, how, tasks=tasks).verdict is VERDICTS[how]
    assert ["session", "run", f"rolled back {kind}" if how else "committed"] == TOLD


@ANY
def test_one_that_swallows_the_error_or_raises_another_changes_nothing(
    job_type: str, caplog: pytest.LogCaptureFixture, *, tasks: bool
) -> None:
    def swallows() -> Iterator[Session]:
        try:
            yield Session()
        except ValueError:
            TOLD.append("swallowed")

    def raises() -> Iterator[Session]:
        try:
            yield Session()
        finally:
            raise ConnectionError("on rollback")

    for provider in (swallows, raises):
        app = an_app()
        app.provide(Session, provider, scope="run")
        with caplog.at_level(logging.WARNING):
            found = run(app, job_type, "value", tasks=tasks)
        assert found.verdict is Verdict.RETRY
        assert (found.error or "").startswith("ValueError: no")
    assert "swallowed" in TOLD
    assert "app.provide(Session, raises) failed as it was closed after a run that had failed" in caplog.text
    assert "on rollback" in caplog.text


@ANY
def test_an_error_of_its_closing_fails_a_run_that_had_succeeded(job_type: str, *, tasks: bool) -> None:
    app = an_app()

    def commits() -> Iterator[Session]:
        yield Session()
        raise ConnectionError("on commit")

    app.provide(Session, commits, scope="run")
    found = run(app, job_type, tasks=tasks)
    assert found.verdict is Verdict.RETRY
    assert (found.error or "").startswith("ConnectionError: on commit")


@ANY
def test_one_that_does_not_yield_once_is_told_so(job_type: str, *, tasks: bool) -> None:
    def never() -> Iterator[Session]:
        yield from ()

    def twice() -> Iterator[Session]:
        try:
            yield Session()
            yield Session()
        finally:
            TOLD.append("closed")

    for provider, told in ((never, "did not yield"), (twice, "yielded twice")):
        app = an_app()
        app.provide(Session, provider, scope="run")
        found = run(app, job_type, tasks=tasks)
        assert found.verdict is Verdict.RETRY
        assert f"app.provide(Session, {provider.__name__}) {told}" in (found.error or "")
    assert TOLD == ["session", "run", "closed"]


@ASYNC
def test_an_async_one_too(job_type: str, *, tasks: bool) -> None:
    async def never() -> AsyncIterator[Session]:
        if TOLD == ["never"]:
            yield Session()

    async def twice() -> AsyncIterator[Session]:
        try:
            yield Session()
            yield Session()
        finally:
            TOLD.append("closed")

    for provider, told in ((never, "did not yield"), (twice, "yielded twice")):
        app = an_app()
        app.provide(Session, provider, scope="run")
        found = run(app, job_type, tasks=tasks)
        assert f"app.provide(Session, {provider.__name__}) {told}" in (found.error or "")
    assert TOLD == ["session", "run", "closed"]


@ANY
def test_hooks_are_outside_and_see_what_its_closing_raises(job_type: str, *, tasks: bool) -> None:
    app = an_app()

    @app.around
    def outside(job: JobContext) -> Iterator[None]:
        TOLD.append("hook")
        try:
            yield
        except ConnectionError as error:
            TOLD.append(f"hook sees {error}")

    def commits() -> Iterator[Session]:
        TOLD.append("opened")
        yield Session()
        raise ConnectionError("on commit")

    app.provide(Session, commits, scope="run")
    assert run(app, job_type, tasks=tasks).verdict is Verdict.COMPLETED
    assert TOLD == ["hook", "opened", "session", "run", "hook sees on commit"]


@ANY
def test_it_may_ask_for_other_state_and_the_job_and_all_of_a_run_share_one(job_type: str, *, tasks: bool) -> None:
    app = an_app()
    made: list[Any] = []

    def engine() -> Iterator[Engine]:
        made.append(Engine())
        yield made[-1]

    def session(engine: State[Engine], job: JobContext) -> Iterator[Session]:
        made.append(engine)
        yield Session(f"{job.job_type} {job.attempt}")
        TOLD.append("session closed")

    @contextmanager
    def repository(session: State[Session]) -> Iterator[Repository]:
        yield Repository(session)
        TOLD.append("repository closed")

    app.provide(Engine, engine)
    app.provide(Session, session, scope="run")
    app.provide(Repository, repository, scope="run")

    @app.job
    def two(repository: State[Repository], session: State[Session], ctx: JobContext) -> None:
        assert repository.session is session
        TOLD.append(f"{session.name} {ctx.attempt}")

    assert run(app, job_type, tasks=tasks).verdict is Verdict.COMPLETED
    assert [f"{job_type} 1", "run", "session closed"] == TOLD
    TOLD.clear()
    assert run(app, "two").verdict is Verdict.COMPLETED
    assert TOLD == ["two 1 1", "repository closed", "session closed"]
    assert all(each is made[0] for each in made)


@ASYNC
def test_values_without_a_generator_are_closed_by_their_aclose(job_type: str, *, tasks: bool) -> None:
    class Closed(Session):
        async def aclose(self) -> None:
            await asyncio.sleep(0)
            TOLD.append("aclose")

    async def make() -> Closed:
        await asyncio.sleep(0)
        return Closed()

    @asynccontextmanager
    async def managed() -> AsyncIterator[Session]:
        yield Session()
        TOLD.append("managed")

    for provider, closed in ((make, "aclose"), (managed, "managed")):
        TOLD.clear()
        app = an_app()
        app.provide(Session, provider, scope="run")
        assert run(app, job_type, tasks=tasks).verdict is Verdict.COMPLETED
        assert ["session", "run", closed] == TOLD


@ANY
def test_what_was_opened_before_one_that_fails_is_closed_by_that_error(job_type: str, *, tasks: bool) -> None:
    app = an_app()

    def engine() -> Iterator[Engine]:
        try:
            yield Engine()
        except ConnectionError as error:
            TOLD.append(f"closed by {error}")
            raise

    def session(engine: State[Engine]) -> Iterator[Session]:
        if TOLD == []:
            raise ConnectionError("no room")
        yield Session()

    app.provide(Engine, engine, scope="run")
    app.provide(Session, session, scope="run")
    found = run(app, job_type, tasks=tasks)
    assert found.verdict is Verdict.RETRY
    assert (found.error or "").startswith("ConnectionError: no room")
    assert TOLD == ["closed by no room"]


def test_state_of_the_worker_alone_leaves_a_handler_as_it_is() -> None:
    app = an_app()
    app.provide(Session, Session)
    with dispatching(app) as here:
        assert here.run(here.claimed("plain"), 1).verdict is Verdict.COMPLETED
        assert here.dispatcher._handlers["plain"].function is app.registry["plain"].function


def test_a_handler_that_was_declared_later_with_what_nobody_provides_fails_by_that() -> None:
    app = an_app()

    def session(engine: State[Engine]) -> Iterator[Session]:
        yield Session()

    app.provide(Session, session, scope="run")

    @app.around
    def hook() -> Iterator[None]:
        yield

    for job_type, tasks in (("plain", False), ("awaits", True)):
        found = run(app, job_type, tasks=tasks)
        assert found.verdict is Verdict.RETRY
        assert "asks for State[Engine], which nobody provides" in (found.error or "")
