"""Applications behind a PgBouncer in transaction mode, and what they are told when their session in the server ends."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from pooljobs import Cancellation, DatabaseUnreachableError, PoolJobs
from pooljobs.db.broken_connection import cut_off
from pooljobs.db.statements import Statements
from pooljobs.db.store.producer import Producer
from pooljobs.db.wire.bulk_copy import Copier, Source
from pooljobs.db.wire.copy_blocks import mixed
from pooljobs.job.new_job import NewJob
from pooljobs_cli.chaos.pooler import Pooler
from tests.support.pgbouncer import pooled
from tests.support.waiting import wait_until

ROUNDS = 20
SESSIONS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
MORE_THAN_IS_SENT_AT_ONCE = 20_000


@pytest.fixture
def pooler(owner_dsn: str) -> Iterator[Pooler]:
    with pooled(owner_dsn) as made:
        yield made


def end_sessions(connection: Connection[Any]) -> None:
    """Ends the pooler's sessions in the server, and waits until they are gone."""
    connection.execute(f"SELECT pg_terminate_backend(pid) {SESSIONS}".encode())
    wait_until(lambda: connection.execute(f"SELECT {SESSIONS}".encode()).fetchone() is None, what="them to be gone")


def greeting(pooler: Pooler) -> PoolJobs:
    app = PoolJobs(dsn=pooler.dsn)

    @app.job
    def greet(name: str) -> None: ...

    return app


def test_threads_that_share_two_sessions_enqueue_and_cancel(pooler: Pooler, connection: Connection[Any]) -> None:
    """No statement that one has prepared is another's, nor is any setting."""

    with greeting(pooler) as one, greeting(pooler) as other, ThreadPoolExecutor(4) as threads:
        for answers in threads.map(_rounds, (one, other, one, other)):
            assert answers == [Cancellation.CANCELLED] * ROUNDS
    counted = "SELECT status, count(*) FROM pooljobs.jobs GROUP BY 1 ORDER BY 1"
    assert connection.execute(counted.encode()).fetchall() == [("cancelled", 4 * ROUNDS), ("pending", 12 * ROUNDS)]


def test_unique_jobs_of_threads_that_share_two_sessions(pooler: Pooler, connection: Connection[Any]) -> None:
    with greeting(pooler) as one, greeting(pooler) as other, ThreadPoolExecutor(4) as threads:
        outcomes = [word for told in threads.map(_unique_rounds, (one, other, one, other)) for word in told]
    assert outcomes.count("new") == ROUNDS
    assert connection.execute("SELECT count(*) FROM pooljobs.live").fetchone() == (ROUNDS,)


def _unique_rounds(app: PoolJobs) -> list[str]:
    task, outcomes = app.registry["greet"], list[str]()
    for n in range(ROUNDS):
        keyed = task.options(unique_key=f"key-{n}")
        outcomes.append(keyed.enqueue(name="Ada").outcome)
        outcomes += keyed.enqueue_many([{"name": "Ada"}, {"name": "Grace"}]).outcomes
    return outcomes


def _rounds(app: PoolJobs) -> list[Cancellation]:
    task, answers = app.registry["greet"], []
    for _ in range(ROUNDS):
        task.enqueue_many([{"name": "Ada"}, {"name": "Grace"}])
        task.enqueue(name="Edsger")
        answers.append(app.cancel(task.options(delay=3600).enqueue(name="Barbara")))
    return answers


def test_a_session_that_ends_under_a_copy_is_an_outage(pooler: Pooler, connection: Connection[Any]) -> None:
    """Psycopg itself says ValueError there."""

    def jobs() -> Iterator[NewJob]:
        for _ in range(MORE_THAN_IS_SENT_AT_ONCE):
            yield NewJob("greet", b"{}")
        end_sessions(connection)

    producer = Producer(pooler.dsn, "pooljobs", pool_size=1)
    with pytest.raises(DatabaseUnreachableError):
        producer.insert_many(jobs())
    producer.close()
    assert connection.execute("SELECT count(*) FROM pooljobs.live").fetchone() == (0,)


def test_a_session_that_ends_before_a_commit_is_an_outage(pooler: Pooler, connection: Connection[Any]) -> None:
    """Psycopg itself says InternalError there."""
    with psycopg.connect(pooler.dsn, prepare_threshold=None) as client:
        client.execute("SELECT")
        end_sessions(connection)
        with pytest.raises(psycopg.OperationalError, match="the connection was lost"), cut_off(client):
            client.commit()


def test_a_session_that_ends_before_a_copy_is_an_outage(pooler: Pooler, connection: Connection[Any]) -> None:
    """Psycopg itself may say ProgrammingError there."""
    copier = Copier(Statements("pooljobs"))
    with psycopg.connect(pooler.dsn, prepare_threshold=None) as client:
        client.execute("SELECT")
        end_sessions(connection)
        with pytest.raises(psycopg.OperationalError):
            copier.copy(client, Source(mixed([NewJob("greet", b"{}")])))


def test_an_error_on_a_whole_connection_stays_what_it_is(connection: Connection[Any]) -> None:
    with pytest.raises(ValueError, match="mine"), cut_off(connection, ValueError):
        raise ValueError("mine")
