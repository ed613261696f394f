"""Nothing of ours fails while the server's queue of notifications is full: somebody LISTENs, and has left a transaction
open.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from psycopg import errors as pg

from pooljobs import NoResultError, PoolJobs
from pooljobs.db.schema.migrator import migrate
from pooljobs.embedded import acquire
from tests.process.test_wakeups_many import until_asleep
from tests.support.database import DatabaseServer
from tests.support.embedded import FAST
from tests.support.servers import major_of
from tests.support.serving import Serving, audit_of, counts
from tests.support.waiting import wait_until

Conn = Connection[Any]

SINCE = 17
"""The major version since which the queue's size can be set; before, it takes 8 GB to fill it."""


@pytest.fixture
def small_dsn(embedded_root: Path, server: DatabaseServer) -> Iterator[str]:
    """On a server of its own, whose queue holds half a megabyte."""
    if major_of(server) < SINCE:
        pytest.skip("the queue is of 8 GB")
    with acquire(embedded_root, settings={**FAST, "max_notify_queue_pages": "64"}) as small:
        migrate(small.dsn)
        yield small.dsn


@contextmanager
def full(dsn: str) -> Iterator[None]:
    """Until the end no commit with a NOTIFY succeeds."""
    with psycopg.connect(dsn, autocommit=True) as listens, psycopg.connect(dsn, autocommit=True) as notifies:
        listens.execute("LISTEN somebody")
        listens.execute("BEGIN")
        listens.execute("SELECT 1")
        with suppress(pg.ProgramLimitExceeded):
            while True:
                notifies.execute("SELECT pg_notify('somebody', repeat('x', 7000))")
        yield


def enqueued(app: PoolJobs, connection: Conn) -> int:
    """Enqueues in every way; how many."""
    app.enqueue("quiet")
    app.enqueue_many("quiet", [{}, {}])
    with connection.transaction():
        app.enqueue_with(connection, "quiet")
    connection.execute("SELECT pooljobs.enqueue('quiet')")
    return 5


def acts(connection: Conn) -> None:
    """What operators do."""
    connection.execute("SELECT pooljobs.pause_queue('elsewhere')")
    connection.execute("SELECT pooljobs.resume_queue('elsewhere')")
    connection.execute("SELECT pooljobs.schedule('nightly', 'quiet', cron => '0 3 * * *')")
    connection.execute("SELECT pooljobs.unschedule('nightly')")


def test_jobs_are_enqueued_and_found_and_waited_for(small_dsn: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with audit_of(small_dsn) as connection, closing(PoolJobs(dsn=small_dsn)) as app:
        with Serving(small_dsn, log, "--procs", "1"):
            until_asleep(connection)
            with full(small_dsn):
                acts(connection)
                done = enqueued(app, connection)
                wait_until(lambda: counts(connection) == {"completed": done}, what="the jobs, told of by nobody")
                wait_until(lambda: "more than half full" in log.read_text(), what="the warning")
                done += enqueued(app, connection)
                with pytest.raises(NoResultError):  # it keeps none, but its end is waited for
                    app.enqueue("quiet", {"secs": 0.5}).result(timeout=60)
                done += 1
                wait_until(lambda: counts(connection) == {"completed": done}, what="more of them")
            wait_until(lambda: "has room again" in log.read_text(), what="the end of it")
            until_asleep(connection)
            done += enqueued(app, connection)
            wait_until(lambda: counts(connection) == {"completed": done}, what="those that were told of")
        with full(small_dsn):  # a fleet begins, and ends, as ever
            done += enqueued(app, connection)
            with Serving(small_dsn, log, "--procs", "1"):
                wait_until(lambda: counts(connection) == {"completed": done}, what="the jobs of the second fleet")
