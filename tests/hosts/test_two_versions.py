"""A deployment that is taken back, host by host: the first pooljobs whose schema stays, and today's, on one queue."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from pathlib import Path

import pooljobs
from tests.support.first_version import FirstVersion, first_version
from tests.support.losing import HELD, OPTIONS, Payments, ask, assert_paid_once, has_noticed
from tests.support.proof import assert_every_claim_ran_once_and_every_job_ended_once, begun, record_of
from tests.support.serving import ROOT, enqueue, unfinished
from tests.support.site import Site
from tests.support.waiting import wait_until

JOBS = 200
CODES = "SELECT DISTINCT host, code FROM public.runs"
NOBODY_WAS_HARMED = "SELECT max(losses), max(crashes), max(attempts) FROM pooljobs.history"


def code_of(first: FirstVersion) -> Mapping[str, str]:
    """The tests' application on its code."""
    return {"PYTHONPATH": f"{first.path}{os.pathsep}{ROOT}"}


def test_both_serve_one_queue_and_each_takes_over_what_the_other_has_lost(site: Site, tmp_path: Path) -> None:
    first = first_version()
    with record_of(site.dsn) as connection:
        with site.host("before", *OPTIONS, env=code_of(first)) as before:
            of_the_first = Payments(connection, tmp_path / "first")
            with site.host("today", *OPTIONS) as today:
                with before.machine.cut_off():
                    wait_until(lambda: not unfinished(connection), what="today's to run what the first has lost")
                of_the_first.go_on()
                wait_until(lambda: has_noticed(before.text), what="the first to notice")
                assert_paid_once(connection)
                connection.execute("TRUNCATE pooljobs.history, public.effects")
                enqueue(connection, "takes", JOBS, '{"secs": 0.02}')
                begun(connection, 10, "before")
                before.signal(signal.SIGTERM)
                assert before.ended() == 0, before.text
                wait_until(lambda: not unfinished(connection), what="today's to run the rest")
                assert ask(connection, NOBODY_WAS_HARMED) == (0, 0, 1)
                connection.execute("TRUNCATE pooljobs.history, public.runs")
                of_todays = Payments(connection, tmp_path / "today")
                with site.host("before", *OPTIONS, env=code_of(first), on=before.machine):
                    with today.machine.cut_off():
                        wait_until(lambda: not unfinished(connection), what="the first to run what today's has lost")
                    of_todays.go_on()
                    wait_until(lambda: has_noticed(today.text), what="today's to notice")
        assert_paid_once(connection)
        theirs = str(first.folder / "shared" / "pooljobs")
        assert set(connection.execute(CODES.encode())) == {("before", theirs), ("today", pooljobs.__path__[0])}
        assert_every_claim_ran_once_and_every_job_ended_once(connection, HELD)
