"""A host that is cut off for longer than its lease: its jobs run elsewhere, and what it settles afterwards is refused.

Its handlers are inside transactions that pay and complete their jobs, so that a second settlement would leave two
effects. Where the hosts' clocks are an hour off, each its own way, all is the same.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from tests.support.clocks import HOUR, shifted
from tests.support.losing import HELD, OPTIONS, Payments, ask, assert_paid_once, has_noticed
from tests.support.proof import assert_every_claim_ran_once_and_every_job_ended_once, database_time, record_of
from tests.support.serving import enqueue, unfinished
from tests.support.site import Site, SiteHost
from tests.support.waiting import wait_until

MORE = 20
LEASED = "SELECT min(w.leased_until) FROM pooljobs.workers AS w JOIN pooljobs.live AS l ON l.worker_id = w.id"
NAMES = "SELECT array_agg(DISTINCT host ORDER BY host) FROM pooljobs.workers"
OFF = "SELECT avg(python_time - extract(epoch FROM at)) FROM public.runs WHERE host = '{}'"


def clock(library: Path, off: int) -> Mapping[str, str]:
    return shifted(library, off) if off else {}


@pytest.mark.hazard("A worker that was declared dead wakes up and goes on")
@pytest.mark.parametrize(
    "off",
    [
        pytest.param(0, id="right clocks"),
        pytest.param(HOUR, id="ahead", marks=pytest.mark.long),
        pytest.param(-HOUR, id="behind"),
    ],
)
def test_what_a_host_held_when_it_was_cut_off_runs_elsewhere_and_is_settled_once(
    site: Site, tmp_path: Path, clock_library: Path, off: int
) -> None:
    with (
        record_of(site.dsn) as connection,
        site.host("alpha", *OPTIONS, env=clock(clock_library, off)) as host,
    ):
        payments = Payments(connection, tmp_path / "gate")
        with site.host("beta", *OPTIONS, env=clock(clock_library, -off)) as other:
            assert ask(connection, NAMES) == ["alpha", "beta"]
            with host.machine.cut_off():
                until = ask(connection, LEASED)
                enqueue(connection, "takes", MORE)
                wait_until(lambda: not unfinished(connection), what="its jobs to end elsewhere")
                first = ask(connection, "SELECT min(at) FROM public.runs WHERE fence = 2")
                assert first > until, "a job was taken while its worker's lease still stood"
            payments.go_on()
            wait_until(lambda: has_noticed(host.text), what="the host to notice what it has lost")
            assert_it_works_on(connection, host, other)
        assert_paid_once(connection)
        assert_every_claim_ran_once_and_every_job_ended_once(connection, HELD + 2 * MORE)
        for name, shift in (("alpha", off), ("beta", -off)):
            assert abs(ask(connection, OFF.format(name)) - shift) < HOUR / 2, "the clock was right: this shows nothing"


def assert_it_works_on(connection: Connection[Any], host: SiteHost, other: SiteHost) -> None:
    """Alone, on the same processes."""
    other.signal(signal.SIGTERM)
    assert other.ended() == 0, other.text
    began = database_time(connection)
    enqueue(connection, "takes", MORE)
    wait_until(lambda: not unfinished(connection), what="the host that is back to run jobs")
    ran = "SELECT array_agg(DISTINCT host) FROM public.runs WHERE at > %s"
    assert connection.execute(ran.encode(), (began,)).fetchone() == (["alpha"],)
    host.signal(signal.SIGTERM)
    assert host.ended() == 0, host.text
