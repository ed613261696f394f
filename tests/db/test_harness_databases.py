"""An application's jobs in a test: in which database that is, and that nothing is left of it."""

from __future__ import annotations

import threading

import psutil
import psycopg
import pytest

from pooljobs import (
    NotMigratedError,
    PoolJobs,
)
from pooljobs.testing import Drained, harness
from tests.support.claims import scalar
from tests.support.database import DatabaseServer
from tests.support.harness_app import app, greet, seen, uses
from tests.support.waiting import wait_until


def test_a_database_without_the_tables_is_told_of(empty_dsn: str) -> None:
    with pytest.raises(NotMigratedError), harness(app, empty_dsn):
        pass
    assert app.dsn == "host=/the/database/of/development"


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
