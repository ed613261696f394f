"""The course of the demo: set the stage, enqueue, run the workers, watch, drain, tell."""

from __future__ import annotations

import signal
import time
from typing import Final

from pooljobs.exit_codes import ExitCode
from pooljobs_cli.demo.demo_jobs import DSN_VARIABLE, SCHEMA
from pooljobs_cli.demo.demo_server import DemoServer, open_place
from pooljobs_cli.demo.display import DemoDisplay
from pooljobs_cli.demo.ledger import Ledger, open_ledger
from pooljobs_cli.demo.summary import holds, summary
from pooljobs_cli.output.console import emit, line, say
from pooljobs_cli.staging.own_fleet import OwnFleet
from pooljobs_cli.staging.own_schema import Agree

_EVERY: Final = 0.2
"""Seconds between looks."""

_PATIENCE: Final = 60.0
"""Seconds without any change after which the demo stops waiting and lets the audit say what is wrong."""


def run_demo(*, jobs: int, procs: int, dsn: str | None, agree: Agree) -> ExitCode:
    """Run the demo; OK only if the audit holds. Ctrl-C and SIGTERM drain the workers and clean up.

    Raises:
        PoolJobsError: The database cannot be had, its use is not agreed to, or the workers broke.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    say("starting PostgreSQL" if dsn is None else "connecting")
    with open_place(dsn) as place, open_ledger(place.database.dsn, agree) as ledger:
        say(f"{place.database.told(ledger.place)}; the workers' log is {place.log}")
        return _run(ledger, place, jobs, procs)


def _run(ledger: Ledger, place: DemoServer, jobs: int, procs: int) -> ExitCode:
    began = time.monotonic()
    ledger.enqueue(jobs, lambda _count: None)
    emit(line(f"enqueued {jobs:,} jobs in {time.monotonic() - began:.1f} s"))
    with OwnFleet(place.log, *_options(procs), env={DSN_VARIABLE: place.database.dsn}) as fleet:
        try:
            _watch(ledger, fleet, jobs, procs)
        except KeyboardInterrupt:
            say("stopping: the workers finish the jobs they have claimed")
            raise
        code = fleet.drain()
    audit = ledger.audit()
    emit(summary(ledger.progress(), ledger.measure(), audit, procs))
    if code != ExitCode.OK:
        say(f"the workers' drain ended with exit code {code}: see {place.log}", style="warning")
    return ExitCode.OK if holds(audit) and code == ExitCode.OK else ExitCode.CHECK_FAILED


def _options(procs: int) -> list[str]:
    """Of ``serve``."""
    return [
        *("--app", "pooljobs_cli.demo.demo_jobs:app", "--schema", SCHEMA, "--procs", str(procs)),
        *("--batch-size", "50", "--poll-interval", "0.2", "--connections", "2"),
    ]


def _watch(ledger: Ledger, fleet: OwnFleet, jobs: int, procs: int) -> None:
    """Show how it goes until no job is left, or nothing has changed for long."""
    before, changed = None, time.monotonic()
    with DemoDisplay(jobs, procs) as display:
        while True:
            counts = ledger.progress()
            display.show(counts)
            if not counts["left_over"]:
                return
            fleet.check()
            now = time.monotonic()
            before, changed = (counts, now) if counts != before else (before, changed)
            if now - changed > _PATIENCE:
                return
            time.sleep(_EVERY)
