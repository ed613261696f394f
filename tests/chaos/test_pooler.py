"""Chaos whose producers come through a PgBouncer in transaction mode, which is killed too."""

from __future__ import annotations

import pytest

from pooljobs_cli.chaos.chaos_settings import ChaosSettings
from pooljobs_cli.chaos.schedule import Kind
from tests.support.chaos_runs import carried_out
from tests.support.pgbouncer import program


def test_what_was_acknowledged_and_cancelled_through_a_pooler_is_so(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program()
    only = (Kind.KILL_POOLER, Kind.TERMINATE_BACKENDS)
    settings = ChaosSettings(7, 8.0, procs=2, hosts=1, dsn=dsn, only=only, pgbouncer=True)
    report = carried_out(settings, monkeypatch)
    assert report.violations == []
    assert all(report.done[kind] for kind in only), report.done
    assert report.counts["completed"] > 100
    assert report.counts["cancelled"] > 10
