"""Only workers run the application's code: neither the supervisor nor the steward ever imports it."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from tests.support.proof import Host, record_of
from tests.support.serving import enqueue, unfinished
from tests.support.waiting import wait_until


@pytest.mark.hazard("Whoever settles for the dead needs retry policies, and user code to know them")
@pytest.mark.hazard(
    "User code in the supervisor: it brings threads, and whatever a handler's module does at its import",
    closed="the supervisor and the steward never import the application; with `--preload` a zygote does "
    "(`supervisor/pooljobs_supervisor/zygote/zygote_main.py`)",
    area="processes",
)
def test_the_application_is_imported_by_workers_alone(dsn: str, tmp_path: Path) -> None:
    """It is tried once before the fork as well, in a process that has ended by then."""
    noted = tmp_path / "noted"
    options = ("--procs", "2", "--poll-interval", "0.1")
    host = Host(dsn, tmp_path, *options, app="tests.support.noted_app:app", env={"NOTED": str(noted)})
    with record_of(dsn) as connection, host:
        enqueue(connection, "noop", 10)
        wait_until(lambda: not unfinished(connection), what="the jobs to end")
        wait_until(lambda: "2 workers ready" in host.text, what="the whole fleet")
        workers = {row[0] for row in connection.execute("SELECT pid FROM pooljobs.workers").fetchall()}
        importers = {int(line) for line in noted.read_text().split()}
        assert workers <= importers
        assert not importers & {host.process.pid, host.steward(connection)}
        assert psutil.Process(host.process.pid).num_threads() == 1, "the supervisor has threads"
