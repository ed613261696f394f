"""An application with unique jobs, and what becomes of these in a worker's hands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection

from pooljobs import Debounce, PoolJobs, Task
from pooljobs.job.verdict import Settlement, Verdict
from tests.support.claims import Claim, claim, register, settle_all

Conn = Connection[Any]


@pytest.fixture
def app(dsn: str) -> Iterator[PoolJobs]:
    with PoolJobs(dsn) as made:
        yield made


def report_of(app: PoolJobs, unique: Any = True, debounce: Debounce | None = None) -> Task:
    @app.job(name="report", unique=unique if debounce is None else False, debounce=debounce)
    def report(customer: int, *, text: str = "") -> None: ...

    return report


def live(connection: Conn) -> list[Any]:
    return [row[0] for row in connection.execute("SELECT id FROM pooljobs.live ORDER BY id").fetchall()]


def row(connection: Conn, job_id: UUID) -> Any:
    return connection.execute(
        "SELECT payload ->> 'text', priority, max_retries, run_at > now() + interval '30 s' FROM pooljobs.live"
        " WHERE id = %s",
        (job_id,),
    ).fetchone()


def run(connection: Conn, verdict: Verdict = Verdict.COMPLETED, *, delay: float | None = None) -> Claim:
    """Claims the only job that is due, and ends it so."""
    worker = register(connection)
    claims = claim(connection, worker)
    assert claims is not None
    (one,) = claims
    end(connection, one, verdict, delay)
    return one


def end(connection: Conn, one: Claim, verdict: Verdict = Verdict.COMPLETED, delay: float | None = None) -> None:
    settled = Settlement(one.id.bytes, one.fence, one.token, verdict, delay=delay)
    assert settle_all(connection, settled) == set()
