"""A fleet, and the commands, in a database all of whose tables are published."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.claims import scalar
from tests.support.command import pooljobs
from tests.support.serving import Serving, audit_of, counts, enqueue, unfinished
from tests.support.waiting import wait_until


@pytest.mark.hazard("History has no key, so that in a database whose")
def test_a_fleet_works_where_all_tables_are_published(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection:
        connection.execute("ALTER TABLE public.audit ADD PRIMARY KEY (place)")
        connection.execute("CREATE PUBLICATION everything FOR ALL TABLES")
        with Serving(dsn, tmp_path / "log", "--procs", "2") as serving:
            enqueue(connection, "audited", 20)
            enqueue(connection, "dies_once")
            enqueue(connection, "always_fails")
            wait_until(lambda: not unfinished(connection), what="the jobs to end")
            failed = scalar(connection, "SELECT id FROM pooljobs.jobs WHERE status = 'failed'")
            assert pooljobs("jobs", "retry", str(failed), dsn=dsn).code == 0
            wait_until(lambda: not unfinished(connection), what="the retried job to fail again")
            asked = scalar(connection, "SELECT pooljobs.enqueue('audited', '{\"secs\": 120}')")
            began = "SELECT count(*) FROM public.audit WHERE job_id = %s"
            wait_until(lambda: scalar(connection, began, asked), what="the long job to begin")
            assert pooljobs("jobs", "cancel", str(asked), "--reason", "why", "--wait", dsn=dsn).code == 0
            requests = "SELECT count(*) FROM pooljobs.cancellations"
            wait_until(lambda: not scalar(connection, requests), what="the request to be worked off")
            assert counts(connection) == {"completed": 21, "failed": 1, "cancelled": 1}
            for word in ("away", "refused", "broke", "Traceback"):
                assert word not in serving.text
