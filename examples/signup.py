"""A job that commits with your data, or rolls back with it.

Enqueue:  python -m examples.signup
Run:      pooljobs serve --app examples.signup --until-empty
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress

import psycopg

from pooljobs import PoolJobs

app = PoolJobs()
log = logging.getLogger("signup")


@app.job
def welcome(name: str) -> None:
    log.info("welcome, %s", name)


def sign_up(conn: psycopg.Connection, name: str) -> None:
    """No customer without the job, no job without the customer."""
    with conn.transaction():
        conn.execute("INSERT INTO customers (name) VALUES (%s)", (name,))
        welcome.enqueue_with(conn, name=name)
        if name == "Mallory":
            raise PermissionError(name)


def main() -> None:
    with psycopg.connect(os.environ["DATABASE_URL"]) as conn:
        conn.execute("CREATE TABLE IF NOT EXISTS customers (name text)")
        sign_up(conn, "Ada")
        with suppress(PermissionError):
            sign_up(conn, "Mallory")


if __name__ == "__main__":
    main()
