"""Applications and commands leave nothing prepared in a session but what looks after itself: behind a pooler in
transaction mode the next statement meets another session, and somebody else's next one meets this.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from psycopg import Connection

from pooljobs import PoolJobs
from pooljobs.db.connect import connect
from pooljobs.db.producer_pool import producer_pool

OFTEN = 8
"""Psycopg prepares what it has run five times."""

NAMES = "SELECT name FROM pg_prepared_statements WHERE name <> '' AND name NOT LIKE 'pooljobs\\_%'"


@contextmanager
def of_a_producer(dsn: str) -> Iterator[Connection[Any]]:
    with producer_pool(dsn, 1) as pool, pool.connection() as connection:
        yield connection


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
    with app._outlet.producer().connection() as the_only_one:
        seen = the_only_one.execute(NAMES).fetchall()
    app.close()
    assert seen == []
