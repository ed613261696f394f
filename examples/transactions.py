"""A transaction for each run, out of a pool for each worker: the handler's effects and its job's end commit together.

Run a worker:    pooljobs serve --app examples.transactions:app
Enqueue one:     python -m examples.transactions
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

from pooljobs import JobContext, PoolJobs, State, injected

app = PoolJobs()


def open_pool() -> Iterator[ConnectionPool]:
    """Once in each worker: it checks its connections, so that no run meets a broken one."""
    with ConnectionPool(
        os.environ["DATABASE_URL"], min_size=1, max_size=4, check=ConnectionPool.check_connection
    ) as pool:
        yield pool


def transaction(pool: State[ConnectionPool], job: JobContext) -> Iterator[Connection[Any]]:
    """Around each run: what the handler raises is raised at the yield, and rolls back."""
    with pool.connection() as connection:
        yield connection
        job.complete_with(connection)


app.provide(ConnectionPool, open_pool)
app.provide(Connection, transaction, scope="run")


@app.job
def transfer(source: str, target: str, amount: int, connection: State[Connection] = injected()) -> None:
    connection.execute("UPDATE accounts SET balance = balance + %s WHERE name = %s", (amount, target))
    (left,) = connection.execute(
        "UPDATE accounts SET balance = balance - %s WHERE name = %s RETURNING balance", (amount, source)
    ).fetchone() or (0,)
    if left < 0:
        raise ValueError(f"{source} has not got {amount}")


if __name__ == "__main__":
    with app:
        transfer.enqueue(source="ada", target="charles", amount=5)
