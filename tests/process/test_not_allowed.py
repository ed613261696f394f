"""A fleet whose role may not do something: it says what, once, lives on, and does it once it may."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection, sql
from psycopg.conninfo import conninfo_to_dict

from pooljobs.exit_codes import ExitCode
from tests.support.database import least_worker
from tests.support.serving import Serving, audit_of, counts, enqueue, unfinished
from tests.support.waiting import wait_until

SOON = ("--poll-interval", "0.1", "--procs", "2")


def change(connection: Connection[Any], dsn: str, what: str) -> None:
    """A GRANT or REVOKE that ends with the fleet's role."""
    user = sql.Identifier(str(conninfo_to_dict(least_worker(dsn))["user"]))
    connection.execute(sql.SQL("{} {}").format(sql.SQL(what), user))


@pytest.mark.hazard("A worker that may not claim or settle dies of it again")
@pytest.mark.parametrize(
    ("right", "statement"),
    [("UPDATE ON pooljobs.live", "claim.sql"), ("INSERT ON pooljobs.history", "settle.sql")],
)
def test_a_fleet_says_what_it_may_not_do_and_works_on_when_it_may(
    dsn: str, tmp_path: Path, right: str, statement: str
) -> None:
    with audit_of(dsn) as connection, Serving(dsn, tmp_path / "log", *SOON) as serving:
        enqueue(connection, "audited", 200)
        wait_until(lambda: not unfinished(connection), what="the jobs to end")
        change(connection, dsn, f"REVOKE {right} FROM")
        enqueue(connection, "audited", 200)
        wait_until(lambda: f"(in {statement}); trying again" in serving.text, what="the refusal to be told")
        told = serving.text.count("the database refused: permission denied for table")
        change(connection, dsn, f"GRANT {right} TO")
        wait_until(lambda: not unfinished(connection), what="the other jobs to end")
        assert counts(connection) == {"completed": 400}
        assert told <= 8, "a line a process and statement, not one a try"
        for word in ("away", "Traceback", "was lost", "ended:"):  # the last: a worker has died of it
            assert word not in serving.text


def test_a_fleet_that_may_not_register_does_not_start_and_says_why(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection:
        change(connection, dsn, "REVOKE INSERT ON pooljobs.declarations FROM")
        with Serving(dsn, tmp_path / "log") as serving:
            assert serving.ended() == ExitCode.DATABASE_REFUSED
        assert (
            "the database refused: permission denied for table declarations (in publish_job_types.sql)" in serving.text
        )
        assert "Traceback" not in serving.text


def test_where_nobody_may_be_woken_workers_look_themselves(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection:
        change(connection, dsn, "REVOKE ALL ON pooljobs.idle_hosts FROM")
        connection.execute("REVOKE ALL ON pooljobs.idle_hosts FROM PUBLIC")
        with Serving(dsn, tmp_path / "log", "--poll-interval", "600") as serving:
            wait_until(lambda: "meanwhile idle workers look" in serving.text, what="the refusal to be told")
            for _ in range(3):
                enqueue(connection, "audited", 1)
                wait_until(lambda: not unfinished(connection), what="the job to end")
            assert serving.text.count("permission denied for table idle_hosts") == 1
            assert "broke" not in serving.text
