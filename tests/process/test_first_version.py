"""Hosts of the first pooljobs whose schema stays, beside today's, on a database that today's has migrated."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection

import pooljobs as today
from pooljobs.db.schema.migrations import code_version
from pooljobs.db.schema.migrator import migrate
from pooljobs.exit_codes import ExitCode
from tests.support.command import Ended, environment, pooljobs
from tests.support.first_version import FirstVersion, first_version
from tests.support.schema_text import everything
from tests.support.serving import Serving, counts
from tests.support.waiting import wait_until

APP = """
import os
import psycopg
import pooljobs
app = pooljobs.PoolJobs()

@app.job(max_retries=2, retry_policy="fixed", retry_delay_secs=0.1)
def look(by: str, ctx: pooljobs.JobContext) -> None:
    with psycopg.connect(os.environ["AUDIT_DSN"], autocommit=True) as connection:
        connection.execute("INSERT INTO public.looked VALUES (%s, %s)", (by, pooljobs.__path__[0]))
    if by == "one who errs" or ctx.attempt == 1:
        raise ValueError(by)
"""
ENDED = {"completed": 3, "failed": 1}


@pytest.fixture
def first() -> FirstVersion:
    return first_version()


def of_first(first: FirstVersion, *arguments: str, dsn: str) -> Ended:
    """One of its commands, run to its end."""
    command, variables = [str(first.command), *arguments], environment({"DATABASE_URL": dsn})
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60, check=False)
    return Ended(done.returncode, done.stdout, done.stderr)


@contextmanager
def shop(dsn: str, folder: Path) -> Iterator[Connection[Any]]:
    """Its code, and the table of whose jobs were run by which pooljobs."""
    (folder / "looking.py").write_text(APP)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE public.looked (by text, code text)")
        yield connection


def serving(dsn: str, folder: Path, code: FirstVersion | None) -> Serving:
    """A fleet of two workers, of the first version or of today's."""
    path = f"{folder}{os.pathsep}{code.path}" if code else str(folder)
    options = ("--procs", "2", "--poll-interval", "0.2")
    return Serving(dsn, folder / "log", *options, app="looking:app", env={"PYTHONPATH": path})


def enqueue_by_all(first: FirstVersion, dsn: str, connection: Connection[Any]) -> None:
    """Jobs from both command lines, and from the schema's function."""
    words = ("enqueue", "look", "--max-retries", "2", "--payload")
    for ended in (
        of_first(first, *words, '{"by": "first"}', dsn=dsn),
        pooljobs(*words, '{"by": "today"}', dsn=dsn),
    ):
        assert ended.code == ExitCode.OK, ended.err
    for name in ("sql", "one who errs"):
        connection.execute("SELECT pooljobs.enqueue('look', jsonb_build_object('by', %s::text))", (name,))


def looked(connection: Connection[Any]) -> set[tuple[str, str]]:
    """Whose jobs were run by which code; forgets it, and what became of them."""
    rows = connection.execute("SELECT DISTINCT by, code FROM public.looked").fetchall()
    connection.execute("TRUNCATE public.looked, pooljobs.history")
    return {(by, code) for by, code in rows}


def all_by(code: str) -> set[tuple[str, str]]:
    return {(name, code) for name in ("first", "today", "sql", "one who errs")}


def of(code: FirstVersion | None) -> str:
    return str(code.folder / "shared" / "pooljobs") if code else today.__path__[0]


@pytest.mark.hazard(
    "A database that one host has migrated is none for the hosts of the version before any more",
    closed="each migration says which code still works (`shared/pooljobs/db/schema/version.py`); the first version is "
    "taken from git and tried",
    area="versions",
)
def test_it_serves_on_and_starts_again_after_a_migration_by_todays(
    empty_dsn: str, tmp_path: Path, first: FirstVersion
) -> None:
    ended = of_first(first, "migrate", dsn=empty_dsn)
    assert ended.code == ExitCode.OK, ended.err
    with shop(empty_dsn, tmp_path) as connection:
        with serving(empty_dsn, tmp_path, first):
            migrate(empty_dsn)
            enqueue_by_all(first, empty_dsn, connection)
            wait_until(lambda: counts(connection) == ENDED, what="the jobs to end where it served before")
            assert looked(connection) == all_by(of(first))
        enqueue_by_all(first, empty_dsn, connection)
        with serving(empty_dsn, tmp_path, first) as again:
            wait_until(lambda: counts(connection) == ENDED, what="the jobs to end where it started again")
            assert looked(connection) == all_by(of(first))
        assert again.ended() == ExitCode.OK


def test_todays_runs_what_it_has_left(dsn: str, tmp_path: Path, first: FirstVersion) -> None:
    with shop(dsn, tmp_path) as connection:
        enqueue_by_all(first, dsn, connection)
        with serving(dsn, tmp_path, None):
            wait_until(lambda: counts(connection) == ENDED, what="the jobs to end")
        assert looked(connection) == all_by(of(None))


@pytest.mark.hazard("A database that one host has migrated is none")
def test_its_own_migration_leaves_todays_schema_alone(dsn: str, first: FirstVersion) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        before = everything(connection)
        ended = of_first(first, "migrate", "--json", dsn=dsn)
        assert ended.code == ExitCode.OK, ended.err
        assert (ended.json["version"], ended.json["applied"]) == (code_version(), [])
        assert everything(connection) == before


def test_a_database_of_its_own_becomes_todays_schema(empty_dsn: str, dsn: str, first: FirstVersion) -> None:
    ended = of_first(first, "migrate", dsn=empty_dsn)
    assert ended.code == ExitCode.OK, ended.err
    migrate(empty_dsn)
    with psycopg.connect(empty_dsn) as migrated, psycopg.connect(dsn) as made:
        assert everything(migrated) == everything(made)
