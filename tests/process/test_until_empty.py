"""``serve --until-empty``: it ends by itself, with nothing left that it was to do."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest
from psycopg import Connection

from pooljobs.db.schema.migrator import migrate
from pooljobs.job.verdict import Verdict
from tests.process.test_outage import OwnServer
from tests.support.claims import claim, insert, register, settle_all
from tests.support.run_directory import run_directory
from tests.support.serving import Serving, audit_of, counts, enqueue
from tests.support.waiting import wait_until

EMPTY = ("--until-empty", "--poll-interval", "0.2")


def left(connection: Connection[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return connection.execute("SELECT job_type, status FROM pooljobs.jobs WHERE finished_at IS NULL").fetchall()


def test_a_queue_that_nobody_ever_filled_is_empty(dsn: str, tmp_path: Path) -> None:
    with Serving(dsn, tmp_path / "log", "--until-empty", "--queues", "never,ever", "--procs", "2") as serving:
        assert serving.ended() == 0, serving.text
    assert "ended: nothing due in never, ever\n" in serving.text


def test_all_that_is_due_is_done_whatever_becomes_of_it_and_the_rest_is_told(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection:
        enqueue(connection, "audited", 300)
        for job_type in ("fails_twice", "dies_once", "always_fails", "nobody_knows_it"):
            enqueue(connection, job_type)
        insert(connection, job_type="audited", run_at="2999-01-01")
        with Serving(dsn, tmp_path / "log", *EMPTY, "--procs", "3") as serving:
            assert serving.ended() == 0, serving.text
        assert sorted(left(connection)) == [("audited", "pending"), ("nobody_knows_it", "pending")]
        assert counts(connection) == {"completed": 302, "failed": 1, "pending": 2}
    assert serving.text.count("nothing is left to do: ") == 1
    assert "; 1 due of types that no worker here knows; 1 scheduled for later, the next in " in serving.text
    assert "; 1 failed\n" in serving.text


@pytest.mark.hazard("`serve --until-empty` ends while a job still runs somewhere")
@pytest.mark.parametrize("more", [("--procs", "3"), ("--concurrency", "4")], ids=["processes", "threads"])
def test_what_the_last_handlers_enqueue_is_done_too(dsn: str, tmp_path: Path, more: tuple[str, ...]) -> None:
    """Each job of a chain is the only one there is, for all but the moment in which it ends."""
    with audit_of(dsn) as connection:
        enqueue(connection, "link", 1, '{"more": 300}')
        with Serving(dsn, tmp_path / "log", *EMPTY, *more, app="tests.support.chain_app:app") as serving:
            assert serving.ended() == 0, serving.text
        assert counts(connection) == {"completed": 301}


@pytest.mark.hazard("`serve --until-empty` ends while a job still runs somewhere")
def test_what_another_host_holds_is_waited_for_and_run_if_it_comes_back(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection:
        insert(connection, job_type="audited")
        [job] = claim(connection, register(connection, fleet=7)) or []
        with Serving(dsn, tmp_path / "log", *EMPTY) as serving:
            wait_until(lambda: "no end yet: a job is held" in serving.text, what="what it waits for to be told")
            settle_all(connection, job.settled(Verdict.RELEASED, started_ns=0))
            assert serving.ended() == 0, serving.text
        assert counts(connection) == {"completed": 1}


def test_a_server_that_restarts_meanwhile_is_waited_for(tmp_path: Path) -> None:
    with ExitStack() as uses:
        server = OwnServer(run_directory() / f"own-{uuid4().hex[:8]}", uses)
        migrate(server.dsn)
        server.ask(lambda connection: enqueue(connection, "quiet", 40, '{"secs": 0.05}'))
        with Serving(server.dsn, tmp_path / "log", *EMPTY, "--procs", "2") as serving:
            wait_until(lambda: "completed" in server.ask(counts), what="the first jobs to be done")
            server.crash()
            wait_until(lambda: "database is away" in serving.text, what="the outage to be seen")
            server.start()
            assert serving.ended() == 0, serving.text
        assert server.ask(counts) == {"completed": 40}
