"""A real fleet under test: ``pooljobs serve`` in a process group of its own, its log in a file, its end guaranteed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg import Connection

from pooljobs.settings.variables import without_settings
from tests.support import audit_app
from tests.support.database import least_worker
from tests.support.waiting import wait_until

ROOT = Path(__file__).parent.parent.parent

LAST_WORDS = 5000
"""Characters of a log that are shown."""


class Serving:
    """One ``pooljobs serve``, as a role with what a worker needs and no more. Entering starts it and waits for its
    workers; leaving kills what is left of it.
    """

    def __init__(
        self,
        dsn: str,
        log: Path,
        *options: str,
        app: str = "tests.support.audit_app:app",
        module: Sequence[str] = ("pooljobs",),
        env: Mapping[str, str] | None = None,
        within: Sequence[str] = (),
        way: Callable[[str], str] = str,
    ) -> None:
        """``within``: before the command, so that it runs elsewhere; ``way``: the DSN by which it gets there."""
        self.log = log
        served = least_worker(dsn)  # the handlers of tests write down what they did as who owns the database
        command = [*within, sys.executable, "-m", *module]
        self._command = [*command, "serve", "--app", app, "--dsn", way(served), *options]
        self._env = {**without_settings(os.environ), "AUDIT_DSN": way(dsn), "PYTHONPATH": str(ROOT), **(env or {})}
        self.process: subprocess.Popen[bytes]

    def __enter__(self) -> Self:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._env, cwd=ROOT
            )
        wait_until(lambda: "ready" in self.text or self.process.poll() is not None, what="the workers to be ready")
        return self

    def __exit__(self, failed: type[BaseException] | None, _e: BaseException | None, _tb: TracebackType | None) -> None:
        if failed:
            print(self.log, self.text[-LAST_WORDS:], sep=":\n")  # what pytest shows of a test that failed
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    @property
    def text(self) -> str:
        """The log so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def signal(self, number: int) -> None:
        """Sends a signal to the supervisor alone."""
        self.process.send_signal(number)

    def ended(self, timeout: float = 60.0) -> int:
        """Waits for the end; the exit code."""
        return self.process.wait(timeout)


@contextmanager
def audit_of(dsn: str) -> Iterator[Connection[Any]]:
    """A connection to a database that has the audit table."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(audit_app.TABLE.encode())
        yield connection


def enqueue(connection: Connection[Any], job_type: str, count: int = 1, payload: str = "{}") -> None:
    """Enqueues jobs through SQL, as any other language would."""
    connection.execute(
        "SELECT count(pooljobs.enqueue(%s, %s::jsonb)) FROM generate_series(1, %s)", (job_type, payload, count)
    )


def counts(connection: Connection[Any]) -> dict[str, int]:
    """Jobs by status."""
    return dict(connection.execute("SELECT status, count(*) FROM pooljobs.jobs GROUP BY 1").fetchall())


def unfinished(connection: Connection[Any]) -> int:
    """Jobs that are pending or running."""
    row = connection.execute("SELECT count(*) FROM pooljobs.live").fetchone()
    assert row is not None
    return int(row[0])
