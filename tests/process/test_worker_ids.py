"""No id of a worker is given twice, whatever the server has forgotten: a promotion or a restore sets sequences back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from psycopg import Connection

from tests.support.claims import SQL, register
from tests.support.serving import Serving, audit_of


def test_a_server_that_was_set_back_gives_no_worker_anothers_id(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection:
        seen: set[int] = set()
        for name in ("first", "second"):
            connection.execute("DELETE FROM pooljobs.workers")
            connection.execute("SELECT setval(pg_get_serial_sequence('pooljobs.workers', 'id'), 1, false)")
            with Serving(dsn, tmp_path / name, "--procs", "2"):
                found = {row[0] for row in connection.execute("SELECT id FROM pooljobs.workers").fetchall()}
            assert len(found) == 2
            assert not seen & found
            seen |= found
        assert len({register(connection) for _ in range(100)} - seen) == 100


def test_a_registration_that_is_done_again_changes_nothing(connection: Connection[Any]) -> None:
    """As it is where the answer to the first was lost."""
    worker_id = register(connection)
    query = "SELECT * FROM pooljobs.workers"
    before = connection.execute(query).fetchall()
    again = {"id": worker_id, "fleet": 2, "code": 0, "host": "h", "pid": 2, "ordinal": 2, "queues": ["other"]}
    connection.execute(SQL.load("register_worker"), again | {"job_timeout": 1.0})
    assert connection.execute(query).fetchall() == before
