"""The fleet behind a connection on which nothing passes any more: watchdog and lease recover, and nobody is charged."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from pooljobs_cli.chaos.chaos_run import run_chaos
from pooljobs_cli.chaos.chaos_settings import ChaosSettings
from pooljobs_cli.chaos.schedule import Kind
from pooljobs_cli.chaos.wire import Wire, open_wire
from pooljobs_cli.staging.consent import not_asked
from tests.support.serving import Serving, audit_of, counts, enqueue
from tests.support.waiting import wait_until

OPTIONS = ("--poll-interval", "0.1", "--job-timeout", "3")
ALL = 1.0


def test_workers_and_steward_that_wait_on_silent_connections_are_replaced(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection, open_wire(dsn) as wire:
        with Serving(wire.dsn, tmp_path / "log", *OPTIONS, "--procs", "2", env={"AUDIT_DSN": dsn}) as serving:
            enqueue(connection, "audited", 20)
            wait_until(lambda: counts(connection) == {"completed": 20}, what="jobs to run through the wire")
            silenced = partial(all_silenced, wire, connection, [])
            wait_until(silenced, what="all connections of workers and steward to be old enough, and silenced")
            enqueue(connection, "audited", 20)
            wait_until(lambda: serving.text.count("hangs outside any handler") >= 3, timeout=90, what="three kills")
            wait_until(lambda: counts(connection) == {"completed": 40}, timeout=60, what="the jobs to run all the same")
            wait_until(lambda: wire.silent() == 0, what="nobody to be left who waits")
        charged = connection.execute("SELECT max(crashes), max(attempts) FROM pooljobs.jobs").fetchone()
        assert charged == (0, 1)


def all_silenced(wire: Wire, connection: Connection[Any], hit: list[int]) -> bool:
    """Whether all connections of the three were hit by now; one that is quite new is spared at first."""
    hit.append(wire.silence(0.0, None, ALL))
    row = connection.execute(
        "SELECT count(*), count(DISTINCT substring(application_name, '[(]pid [0-9]+[)]$')) FROM pg_stat_activity"
        " WHERE application_name LIKE 'pooljobs %(pid %' AND datname = current_database()"
    ).fetchone()
    assert row is not None
    connections, processes = row
    return bool(processes == 3 and sum(hit) >= connections)


@pytest.mark.long
def test_chaos_with_silent_and_reset_connections_alone_holds(dsn: str) -> None:
    only = (Kind.SILENCE_CONNECTIONS, Kind.RESET_CONNECTIONS)
    report = run_chaos(ChaosSettings(7, 6.0, procs=2, dsn=dsn, only=only), not_asked, print, lambda *_: None)
    assert report.violations == []
    assert all(report.done[kind] for kind in only), report.done
