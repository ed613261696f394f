"""Real Django projects: their own tests, their requests, and workers that ``manage.py pooljobs serve`` starts."""

from __future__ import annotations

import re
import shutil
import signal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from tests.support.claims import scalar
from tests.support.django_project import ROOT, DjangoProject
from tests.support.waiting import wait_until

Conn = Connection[Any]
CASES = "tests.support.django_cases"

ORDER = """
from django.test import Client
for path, article in (("/orders", "tea"), ("/orders", ""), ("/orders/async", "milk")):
    print(Client().post(path, {"article": article}).status_code)
"""


@pytest.fixture
def cases(empty_dsn: str) -> DjangoProject:
    return DjangoProject(empty_dsn, ("-m", "django"), ROOT, f"{CASES}.settings")


@pytest.fixture
def shop(empty_dsn: str, tmp_path: Path) -> DjangoProject:
    """The example, in a copy that may be changed."""
    folder = tmp_path / "project"
    shutil.copytree(ROOT / "examples" / "django_shop", folder)
    return DjangoProject(empty_dsn, ("manage.py",), folder, "shop.settings")


@pytest.fixture
def looking(empty_dsn: str) -> Any:
    with psycopg.connect(empty_dsn, autocommit=True) as connection:
        yield connection


@pytest.mark.hazard(
    "A job that was enqueued inside Django's atomic block outlives its rollback, or is enqueued in vain.",
    closed="jobs go by Django's own connection, through its cursors",
    area="enqueueing",
)
def test_cases_as_django_runs_them(cases: DjangoProject) -> None:
    told = cases.run("test", "--noinput", "-t", str(ROOT), "-p", "cases_*.py", str(ROOT / "tests/support/django_cases"))
    found = re.search(r"Ran (\d+) tests", told)
    assert found is not None
    assert int(found[1]) >= 43, told


def test_the_shop_from_its_first_migration_to_its_last_job(shop: DjangoProject, looking: Conn, tmp_path: Path) -> None:
    assert "at version" in shop.run("migrate")
    assert shop.run("shell", "-v", "0", "-c", ORDER).split() == ["201", "422", "201"]
    assert scalar(looking, "SELECT count(*) FROM pooljobs.live") == 2
    with shop.serving(tmp_path / "log", "--poll-interval", "0.2") as fleet:
        wait_until(lambda: "confirmed tea" in fleet.text and "wrote about milk" in fleet.text, what="both jobs")
        jobs = shop.folder / "orders" / "jobs.py"
        jobs.write_text(jobs.read_text().replace('"confirmed"', '"newly confirmed"'))
        fleet.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "reloaded" in fleet.text, what="the new code")
        looking.execute("SELECT pooljobs.enqueue('confirm', '{\"order_id\": 1}')")
        wait_until(lambda: "newly confirmed tea" in fleet.text, what="a job of the new code")
        fleet.process.send_signal(signal.SIGINT)
        assert fleet.process.wait(60) == 0, fleet.text
    assert "Traceback" not in fleet.text


def test_the_shops_own_tests(shop: DjangoProject) -> None:
    assert "OK" in shop.run("test", "--noinput")


def test_commands_are_the_projects_own(shop: DjangoProject) -> None:
    missing = shop.run("pooljobs", "jobs", "list", code=6)
    assert missing.endswith("hint: run: python manage.py pooljobs migrate\n"), missing
    assert "is at version" in shop.run("pooljobs", "migrate")
    listed = shop.run("pooljobs", "enqueue", "confirm", "order_id:=1", "--json")
    assert '"confirm"' in listed
    assert "confirm" in shop.run("pooljobs", "jobs", "list", "--settings", "shop.settings", "--pythonpath=.")
    for told in (shop.run("pooljobs", "serve", "--help"), shop.run("help", "pooljobs")):
        assert "python manage.py pooljobs" in told
        assert not re.search(r"(?<!manage\.py )pooljobs (serve|jobs|migrate|stats)", told), told
        assert "--app jobs:app" not in told
    failing = (
        "from django.core.management import call_command; call_command('pooljobs', 'jobs', 'show', '0198-0000-0000-0')"
    )
    assert "pooljobs ended with 8" in shop.run("shell", "-v", "0", "-c", failing, code=8)
    nameless = shop.run_without_settings("-m", "pooljobs", "serve", "--app", "pooljobs.contrib.django:load()")
    assert (
        "nothing names the project's settings\nhint: run: python manage.py pooljobs serve, or set DJANGO_S" in nameless
    )


@pytest.mark.hazard(
    "A connection of Django's that the server has ended fails one job after the other in a worker.",
    closed="Django's old connections are closed before and after each run, in the handler's thread",
    area="database",
)
@pytest.mark.parametrize("job_type", ["note_backend", "note_backend_async"])
def test_a_terminated_backend_fails_one_run_and_no_more(
    cases: DjangoProject, looking: Conn, tmp_path: Path, job_type: str
) -> None:
    cases.run("migrate", "--verbosity", "0")
    looking.execute("CREATE TABLE noted (label text, backend int)")

    def backend(label: str) -> int:
        """Of the connection on which such a job has run."""
        looking.execute("SELECT background.enqueue(%s, jsonb_build_object('label', %s::text))", (job_type, label))
        ended = "SELECT count(*) FROM background.history WHERE payload ->> 'label' = '{}' AND status = 'completed'"
        wait_until(lambda: scalar(looking, ended.format(label)) == 1, what=label)
        return int(scalar(looking, f"SELECT backend FROM noted WHERE label = '{label}'"))

    with cases.serving(tmp_path / "log", "--poll-interval", "0.2"):
        first = backend("first")
        looking.execute("SELECT pg_terminate_backend(%s, 10000)", (first,))
        second, third = backend("second"), backend("third")
    assert first != second == third  # and it is kept from one run to the next, as CONN_MAX_AGE says
    runs = looking.execute("SELECT payload ->> 'label', attempts FROM background.history ORDER BY id").fetchall()
    assert runs == [("first", 1), ("second", 2), ("third", 1)]
