"""A host on a slow link, 0.2 s there and back: it works, renews its leases, drains, and nobody takes it for dead."""

from __future__ import annotations

import signal

import pytest

from tests.support.proof import Host, assert_every_claim_ran_once_and_every_job_ended_once, begun, record_of
from tests.support.serving import enqueue, unfinished
from tests.support.site import Site
from tests.support.waiting import wait_until

LEASE = 3.0
EACH_WAY = 0.1
OPTIONS = ("--job-timeout", str(LEASE), "--procs", "2")
SLOW, QUICK = 2, 200
NOBODY_WAS_HARMED = "SELECT max(losses), max(crashes), max(attempts) FROM pooljobs.history"


@pytest.mark.long
def test_a_slow_host_works_and_drains_and_is_not_declared_dead(site: Site) -> None:
    far_away = site.network.plug_in("far")
    far_away.port.delay = EACH_WAY
    with record_of(site.dsn) as connection, site.host("far", *OPTIONS, on=far_away) as far:
        enqueue(connection, "takes", SLOW, f'{{"secs": {1.5 * LEASE}}}')
        wait_until(lambda: not unfinished(connection), what="jobs longer than the lease to end")
        with site.host("near", *OPTIONS) as near:
            enqueue(connection, "takes", QUICK, '{"secs": 0.05}')
            begun(connection, SLOW + 4, "far")
            begun(connection, 4, "near")
            assert_nobody_was_declared_dead(near, far)
            far.signal(signal.SIGTERM)
            assert far.ended() == 0, far.text
            wait_until(lambda: not unfinished(connection), what="what it has left to end")
        assert connection.execute(NOBODY_WAS_HARMED.encode()).fetchone() == (0, 0, 1)
        assert_every_claim_ran_once_and_every_job_ended_once(connection, SLOW + QUICK)


def assert_nobody_was_declared_dead(*hosts: Host) -> None:
    for host in hosts:
        for told in ("let its lease run out", "registering anew", "the database is away", "hangs"):
            assert told not in host.text
