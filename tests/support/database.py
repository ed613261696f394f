"""The test run's PostgreSQL: one server, one migrated template, one clone a test. Safe under pytest-xdist.

Every process of the run acquires the same embedded server, in a directory named after the run; the last one out stops
it. ``POOLJOBS_TEST_DSN`` names a running server to use instead.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from pooljobs.db.migrate import migrate
from pooljobs.embedded import acquire

FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "300",
    "shared_buffers": "128MB",
}
TEMPLATE = "pooljobs_template"
TURN = 7201  # any number, the same in every process: the advisory lock of who makes the template


@contextmanager
def run_server(run: str) -> Iterator[str]:
    """The DSN of this run's server. Its directory is in the temporary directory itself, which every account enters."""
    if given := os.environ.get("POOLJOBS_TEST_DSN"):
        yield given
        return
    root = Path(tempfile.gettempdir(), f"pooljobs-tests-{os.geteuid()}-{run}")
    root.mkdir(mode=0o755, exist_ok=True)
    server = acquire(root, settings=FAST)
    try:
        yield server.dsn
    finally:
        server.close()
        if not (root / "data" / "postmaster.pid").exists():
            shutil.rmtree(root, ignore_errors=True)


def ensure_template(server: str) -> None:
    """Makes the migrated template once a run; the others wait for it."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (TURN,))
        exists = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (TEMPLATE,)).fetchone()
        if exists is None:
            part = f"{TEMPLATE}_part"
            connection.execute(f"DROP DATABASE IF EXISTS {part} WITH (FORCE)".encode())
            connection.execute(f"CREATE DATABASE {part}".encode())
            migrate(make_conninfo(server, dbname=part))
            connection.execute(f"ALTER DATABASE {part} RENAME TO {TEMPLATE}".encode())


@contextmanager
def database(server: str, template: str) -> Iterator[str]:
    """The DSN of a new database, dropped afterwards whoever is still connected."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        connection.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
    try:
        yield make_conninfo(server, dbname=name)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
