"""Applications and commands leave nothing prepared in a session but what looks after itself: behind a pooler in
transaction mode the next statement meets another session, and somebody else's next one meets this.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from psycopg import Connection

from pooljobs import PoolJobs
from pooljobs.db.connect import connect
from pooljobs.db.store.producer_pool import ProducerPool

OFTEN = 8
"""Psycopg prepares what it has run five times."""

NAMES = "SELECT name FROM pg_prepared_statements WHERE name <> '' AND name NOT LIKE 'pooljobs\\_%'"


@contextmanager
def of_a_producer(dsn: str) -> Iterator[Connection[Any]]:
    pool = ProducerPool(dsn, 1)
    session = pool.take(time.monotonic() + 10)
    yield session.connection
    pool.give(session)
    pool.renew()


@pytest.mark.parametrize("opened", [of_a_producer, connect])
def test_psycopg_prepares_nothing(dsn: str, opened: Any) -> None:
    with opened(dsn) as connection:
        for _ in range(OFTEN):
            connection.execute("SELECT %s::int", (1,))
        assert connection.execute(NAMES).fetchall() == []


def test_no_way_to_enqueue_or_cancel_leaves_a_statement_prepared_by_psycopg(owner_dsn: str) -> None:
    app = PoolJobs(dsn=owner_dsn, pool_size=1)

    @app.job
    def greet(name: str) -> None: ...

    for _ in range(OFTEN):
        app.cancel(greet.options(delay=3600).enqueue(name="Ada"))
        greet.enqueue_many([{"name": "Ada"}, {"name": "Grace"}])
        app.enqueue("greet", {"name": "Edsger"})
    the_only_one = app._outlet.producer()._pool.take(time.monotonic())
    seen = the_only_one.connection.execute(NAMES).fetchall()
    app._outlet.producer()._pool.give(the_only_one)
    app.close()
    assert seen == []
