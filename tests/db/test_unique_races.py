"""Of a key never two are alive, and none is missing after a commit: sessions that enqueue, end, retry and sweep."""

from __future__ import annotations

import threading
from collections.abc import Callable
from random import Random
from typing import Any, Literal
from uuid import UUID

import psycopg
import pytest
from psycopg import Connection

from pooljobs import PoolJobs, Task, Unique
from pooljobs.job.verdict import Settlement, Verdict
from tests.support.claims import SQL, claim, register, settle_all

Conn = Connection[Any]

VERDICTS = (Verdict.COMPLETED, Verdict.FAILED, Verdict.RETRY)
ALIVE = (
    "WITH there AS (SELECT unique_key FROM pooljobs.live WHERE %s OR (worker_id IS NULL AND attempts = 0)"
    " FOR KEY SHARE SKIP LOCKED)"  # what is being claimed just now has begun
    " SELECT unique_key FROM there GROUP BY unique_key HAVING count(*) > 1"
)
"""Keys of two jobs, of two that have not begun where the start frees them."""


class Race:
    """What runs beside each other until those who enqueue are done, each on a session of its own."""

    def __init__(self, dsn: str, task: Task, until: Literal["end", "start"]) -> None:
        self.dsn, self.task, self.until = dsn, task, until
        self.done = threading.Event()
        self.missing: list[UUID] = []
        self.twice: list[Any] = []
        self.outcomes: set[str] = set()
        self.failures: list[BaseException] = []

    def run(self, others: list[Callable[[Conn], None]], *, enqueuers: int = 4) -> None:
        """Each of the others again and again."""
        seeds = [threading.Thread(target=self._guarded, args=(self.enqueue, Random(n))) for n in range(enqueuers)]
        beside = [threading.Thread(target=self._guarded, args=(self.again, each)) for each in others]
        for thread in (*seeds, *beside):
            thread.start()
        for thread in seeds:
            thread.join()
        self.done.set()
        for thread in beside:
            thread.join()

    def _guarded(self, work: Callable[[Conn, Any], None], what: Any) -> None:
        try:
            with psycopg.connect(self.dsn, autocommit=True) as connection:
                work(connection, what)
        except BaseException as error:  # noqa: BLE001  # told by the test
            self.failures.append(error)

    def again(self, connection: Conn, work: Callable[[Conn], None]) -> None:
        while not self.done.is_set():
            work(connection)

    def enqueue(self, connection: Conn, dice: Random) -> None:
        for _ in range(60):
            connection.execute("BEGIN")
            many = dice.random() < 0.2
            if many:
                handle = self.task.enqueue_many_with(connection, [{"customer": n} for n in (0, 1, 0)])[0]
            else:
                handle = self.task.enqueue_with(connection, customer=dice.randrange(2))
            if dice.random() < 0.4:
                connection.execute("ROLLBACK")
                continue
            connection.execute("COMMIT")
            self.outcomes.add(handle.outcome)
            known = connection.execute("SELECT count(*) FROM pooljobs.jobs WHERE id = %s", (handle.id,)).fetchone()
            if known == (0,):
                self.missing.append(handle.id)

    def watch(self, connection: Conn) -> None:
        self.twice.extend(connection.execute(ALIVE, (self.until == "end",)).fetchall())
        connection.execute(SQL.load("sweep_uniques"), {"after": b"", "most": 100})


def work(connection: Conn) -> None:
    """Ends some, and has others run again."""
    for one in claim(connection, register(connection)) or []:
        verdict = VERDICTS[one.fence % 3]
        settle_all(connection, Settlement(one.id.bytes, one.fence, one.token, verdict, delay=0.0))


def retry_failed(connection: Conn) -> None:
    for (job_id,) in connection.execute("SELECT id FROM pooljobs.history WHERE status = 'failed' LIMIT 5").fetchall():
        connection.execute(SQL.load("retry_job"), {"id": job_id})


@pytest.mark.parametrize("until", ["end", "start"])
def test_never_two_are_alive_and_none_is_missing_after_a_commit(dsn: str, until: Literal["end", "start"]) -> None:
    """An operator's retry of a job that had begun waits beside a new one where the start frees the key: not counted."""
    with PoolJobs(dsn) as app:

        @app.job(unique=Unique(until=until))
        def report(customer: int) -> None: ...

        race = Race(dsn, report, until)
        race.run([work, race.watch, *([retry_failed] if until == "end" else [])])
    assert race.failures == []
    assert race.outcomes == {"new", "kept"}
    assert race.twice == []
    assert race.missing == []


def test_those_who_replace_and_those_who_keep_do_not_lose_one(dsn: str) -> None:
    with PoolJobs(dsn) as app:

        @app.job(unique=Unique(until="start", on_conflict="replace"))
        def report(customer: int) -> None: ...

        race = Race(dsn, report, "start")
        race.run([work, race.watch])
    assert race.failures == []
    assert race.outcomes == {"new", "replaced"}
    assert race.twice == []
    assert race.missing == []
