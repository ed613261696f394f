"""Connections of which one end knows nothing any more: a firewall that forgot them, a host that lost its power."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.support.losing import HELD, OPTIONS, Payments, assert_paid_once
from tests.support.proof import assert_every_claim_ran_once_and_every_job_ended_once, record_of
from tests.support.serving import audit_of, enqueue, unfinished
from tests.support.site import Site
from tests.support.waiting import wait_until

JOBS = 20
AUDIT = "tests.support.audit_app:app"
ONCE = "SELECT count(*), count(DISTINCT job_id) FROM public.audit"
CHARGED = "SELECT max(crashes), max(attempts) FROM pooljobs.history"
SESSIONS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'pooljobs worker-%%' AND client_addr = %s::inet
"""


@pytest.mark.hazard("A child that hangs is neither dead nor of use")
def test_a_fleet_works_on_when_the_network_has_forgotten_its_connections(site: Site) -> None:
    """New ones pass. What waits on the old ones is noticed by TCP, or by a watchdog; nobody is charged for it."""
    with audit_of(site.dsn) as connection, site.host("alpha", *OPTIONS, app=AUDIT) as host:
        enqueue(connection, "completes_itself", JOBS)
        wait_until(lambda: not unfinished(connection), what="jobs to run before")
        host.machine.port.forget_connections()
        enqueue(connection, "completes_itself", JOBS)
        wait_until(lambda: not unfinished(connection), what="jobs to run after")
        assert connection.execute(ONCE.encode()).fetchone() == (2 * JOBS, 2 * JOBS)
        assert connection.execute(CHARGED.encode()).fetchone() == (0, 1)
        assert "the database is away" in host.text, "no connection was lost: this shows nothing"
        host.signal(signal.SIGTERM)
        assert host.ended() == 0, host.text


def test_a_host_without_power_leaves_its_jobs_to_others_though_its_sessions_stay(site: Site, tmp_path: Path) -> None:
    """Nobody tells the server that they are over, and it keeps them for hours: leases do not wait for that."""
    with record_of(site.dsn) as connection, site.host("alpha", *OPTIONS) as host:
        Payments(connection, tmp_path / "never")
        with site.host("beta", *OPTIONS), host.machine.cut_off():
            for pid in host.family():
                os.kill(pid, signal.SIGKILL)
            host.process.wait()
            wait_until(lambda: not unfinished(connection), what="its jobs to end elsewhere")
            row = connection.execute(SESSIONS.encode(), (host.machine.address,)).fetchone()
            assert row is not None
            assert row[0] >= HELD, "the server knows: this shows nothing"
        assert_paid_once(connection)
        assert_every_claim_ran_once_and_every_job_ended_once(connection, HELD)
