"""A fleet needs no more than ``pooljobs grant --as worker`` gives; tests of this folder run theirs so."""

from __future__ import annotations

from pathlib import Path

from tests.support.command import pooljobs
from tests.support.serving import Serving, audit_of, counts, enqueue, unfinished
from tests.support.waiting import wait_until

WHO = """
SELECT DISTINCT usename FROM pg_stat_activity
WHERE datname = current_database() AND application_name ~ '^pooljobs (worker|steward|waker|maintenance)'
"""


def test_fleets_of_these_tests_are_run_by_the_least_worker(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection, Serving(dsn, tmp_path / "log", "--procs", "2") as serving:
        enqueue(connection, "audited", 20)
        wait_until(lambda: not unfinished(connection), what="the jobs to end")
        assert counts(connection) == {"completed": 20}
        ((who,),) = connection.execute(WHO.encode()).fetchall()
        assert who.startswith("worker_")
        assert "WARNING" not in serving.text
        assert "ERROR" not in serving.text


def test_a_role_is_granted_from_the_command_line(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection:
        connection.execute("CREATE ROLE granted_by_command")
        try:
            printed = pooljobs("grant", "granted_by_command", "--as", "viewer")
            assert printed.code == 0, printed.err
            may = "SELECT has_table_privilege('granted_by_command', 'pooljobs.jobs', 'SELECT')"
            assert connection.execute(may.encode()).fetchone() == (False,)
            assert pooljobs("grant", "granted_by_command", "--as", "viewer", "--run", dsn=dsn, cwd=tmp_path).code == 0
            assert connection.execute(may.encode()).fetchone() == (True,)
            assert pooljobs("grant", "nobody_at_all", "--as", "worker", "--run", dsn=dsn).code == 8
            assert pooljobs("grant", "nobody_at_all", "--as", "owner").code == 2
        finally:
            connection.execute("DROP OWNED BY granted_by_command; DROP ROLE granted_by_command")
