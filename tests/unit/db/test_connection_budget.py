"""The host's budget of connections."""

from __future__ import annotations

from pooljobs.db.connection_budget import STEWARD_CONNECTIONS, needed
from pooljobs.settings import ServeSettings, WorkerSettings


def test_one_replacement_is_counted_whatever_the_number_of_workers() -> None:
    settings = ServeSettings(dsn="", app="", worker=WorkerSettings(connections=4))
    assert [needed(settings, procs) - STEWARD_CONNECTIONS for procs in (1, 2, 8)] == [8, 12, 36]
