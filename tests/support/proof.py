"""Hosts that run ``proof_app``, and what their record must show whatever happened to them."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg import Connection

from tests.support import proof_app
from tests.support.serving import Serving
from tests.support.waiting import wait_until

APP = "tests.support.proof_app:app"


@contextmanager
def record_of(dsn: str) -> Iterator[Connection[Any]]:
    """A connection to a database that has the record's table."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(proof_app.TABLE.encode())
        yield connection


class Host(Serving):
    """One ``serve`` under a name; its log is ``<name>.log`` in the folder."""

    def __init__(
        self,
        dsn: str,
        folder: Path,
        *options: str,
        name: str = "a",
        app: str = APP,
        env: Mapping[str, str] | None = None,
        module: Sequence[str] = ("pooljobs",),
        within: Sequence[str] = (),
        way: Callable[[str], str] = str,
    ) -> None:
        variables = {"PROOF_HOST": name, **(env or {})}
        log = folder / f"{name}.log"
        super().__init__(dsn, log, *options, app=app, env=variables, module=module, within=within, way=way)

    def family(self) -> list[int]:
        """The supervisor and its children."""
        supervisor = psutil.Process(self.process.pid)
        return [supervisor.pid, *(child.pid for child in supervisor.children())]

    def steward(self, connection: Connection[Any]) -> int:
        """The child that never registered as a worker."""
        workers = {row[0] for row in connection.execute("SELECT pid FROM pooljobs.workers").fetchall()}
        (found,) = set(self.family()[1:]) - workers
        return found

    @contextmanager
    def stopped(self, pids: Sequence[int] | None = None) -> Iterator[None]:
        """These processes, or all of the host's, do not run inside the block."""
        chosen = self.family() if pids is None else pids
        for pid in chosen:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in reversed(chosen):
                os.kill(pid, signal.SIGCONT)


def begun(connection: Connection[Any], least: int = 1, host: str = "a") -> None:
    """Waits until so many runs are on record of that host."""

    def enough() -> bool:
        row = connection.execute("SELECT count(*) FROM public.runs WHERE host = %s", (host,)).fetchone()
        return row is not None and row[0] >= least

    wait_until(enough, what=f"{least} runs on host {host}")


def database_time(connection: Connection[Any]) -> datetime:
    """The database's clock."""
    row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None
    found: datetime = row[0]
    return found


def assert_every_claim_ran_once_and_every_job_ended_once(connection: Connection[Any], jobs: int) -> None:
    """No (job, fence) ran twice; no job is left, missing, or settled twice."""
    row = connection.execute(
        "SELECT (SELECT count(*) FROM pooljobs.live), (SELECT count(*) FROM pooljobs.history),"
        " (SELECT count(DISTINCT id) FROM pooljobs.history),"
        " (SELECT count(*) FROM pooljobs.history WHERE status = 'completed'),"
        " (SELECT count(*) FROM public.runs), (SELECT count(DISTINCT (job_id, fence)) FROM public.runs),"
        " (SELECT count(*) FROM public.runs AS r"
        " WHERE NOT EXISTS (SELECT FROM pooljobs.history AS h WHERE h.id = r.job_id))"
    ).fetchone()
    assert row is not None
    left, ended, distinct, completed, runs, claims_that_ran, strange = row
    assert left == 0, f"{left} jobs have not ended"
    assert ended == distinct == completed == jobs, f"{ended} ends of {distinct} jobs, {completed} completed, of {jobs}"
    assert runs == claims_that_ran, "a claim ran twice"
    assert strange == 0, "a run of a job that is gone"
