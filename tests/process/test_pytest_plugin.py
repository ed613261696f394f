"""The plugin in projects of others: their tests run by pytest as they run it, in processes of their own."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.support.claims import scalar
from tests.support.database import DatabaseServer
from tests.support.run_directory import run_directory

pytest_plugins = ["pytester"]

SHOP = """
from pooljobs import PoolJobs

app = PoolJobs()

@app.job
def greet(name: str) -> None:
    if name == "nobody":
        raise ValueError("there is nobody")

@app.job
async def mail(to: str) -> None:
    greet.enqueue(name=to)
"""

TESTS = """
import os
import asyncio
import pytest
import shop
from pooljobs import DatabaseUnreachableError

@pytest.mark.parametrize("number", range(3))
def test_alone(jobs, number):
    shop.mail.enqueue(to="Ada")
    assert len(jobs.enqueued()) == 1
    assert jobs.drain().completed == 2

def test_raises(jobs):
    shop.greet.enqueue(name="Ada")
    raise ZeroDivisionError

def test_fails(jobs):
    shop.greet.enqueue(name="nobody")
    assert jobs.drain().completed == 1

def test_without_the_fixture_nothing_is_enqueued_anywhere():
    with pytest.raises(DatabaseUnreachableError, match="asks/for/the/fixture/jobs"):
        shop.greet.enqueue(name="Ada")

async def test_in_a_loop(jobs):
    await shop.mail.enqueue_async(to="Ada")
    assert (await jobs.drain_async()).completed == 2

@pytest.fixture(autouse=True)
def restored():
    yield
    assert "asks/for" in shop.app.dsn
"""

UNITTEST = """
import unittest
import pytest
import shop
from pooljobs.testing import JobTestCase

@pytest.fixture
def pooljobs_app():
    return shop.app

def test_with_a_fixture_of_its_own(jobs):
    shop.greet.enqueue(name="Ada")
    jobs.assert_enqueued(shop.greet, name="Ada")

class GreetTest(JobTestCase):
    app = shop.app

    def test_greeting(self):
        shop.greet.enqueue(name="Ada")
        self.assertEqual(self.jobs.drain().completed, 1)

    def test_nothing_of_the_other_is_left(self):
        self.assertEqual(self.jobs.enqueued(), [])
"""

STRANGER = """
import sys

def test_nothing_of_it_is_loaded():
    loaded = {name for name in sys.modules if name.split(".")[0].startswith(("pooljobs", "psycopg", "multiprocess"))}
    assert loaded == {"pooljobs_testing", "pooljobs_testing.plugin"}

def test_which_application(jobs):
    ...
"""


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for a run's own server, and no other that is named."""
    place = run_directory() / "plugin"
    place.mkdir(exist_ok=True)
    place.chmod(0o711)
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.delenv("POOLJOBS_TEST_DSN", raising=False)
    return place


@pytest.mark.long
def test_with_xdist_each_test_has_its_database_on_one_server(
    pytester: pytest.Pytester, owner_dsn: str, apart: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", owner_dsn)
    pytester.makeini("[pytest]\npooljobs_app = shop:app\nasyncio_mode = auto\n")
    pytester.makepyfile(shop=SHOP, test_shop=TESTS)
    ran = pytester.runpytest_subprocess("-n", "2", "-p", "no:cacheprovider")
    ran.assert_outcomes(passed=5, failed=2)
    ran.stdout.fnmatch_lines(["*in greet", '*raise ValueError("there is nobody")', "ValueError: there is nobody"])
    with psycopg.connect(owner_dsn) as development:
        assert scalar(development, "SELECT count(*) FROM pooljobs.jobs") == 0
    assert list(apart.glob("pooljobs-tests-*")) == []


def test_on_a_server_that_is_named_nothing_is_left(
    pytester: pytest.Pytester, server: DatabaseServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_others = "starts_with(datname, 'pooljobs_template_') AND strpos(datname, %s) = 0"  # than of this suite's run
    count, ours = f"SELECT count(*) FROM pg_database WHERE {of_others}", run_directory().name
    monkeypatch.setenv("POOLJOBS_TEST_DSN", server.dsn)
    pytester.makepyfile(shop=SHOP, test_shop=UNITTEST)
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:xdist").assert_outcomes(passed=3)
        assert scalar(connection, count, ours) == 0


def test_a_project_that_does_not_use_it_loads_nothing_and_one_that_names_no_application_is_told(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POOLJOBS_TEST_DSN", "host=/nowhere")
    pytester.makepyfile(test_it=STRANGER)
    ran = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:asyncio", "-p", "no:xdist")
    ran.assert_outcomes(passed=1, errors=1)
    ran.stdout.fnmatch_lines(["*set  pooljobs_app = module:attribute  or define the fixture pooljobs_app"])
