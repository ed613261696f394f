"""What is declared secret is known in the database, and stays so."""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from pooljobs.operations.reader import Reader
from tests.support.claims import declare, insert, register, scalar

SECRET = "SELECT secret FROM pooljobs.job_types WHERE job_type = %s"


def test_what_was_secret_once_stays_so(connection: Connection[Any]) -> None:
    register(connection)
    declare(connection, "send", secret='["token", "a \\"b\\""]')
    declare(connection, "send", code=1)
    assert set(scalar(connection, SECRET, "send")) == {"token", 'a "b"'}
    declare(connection, "send", code=2, secret='["pin", "token"]')
    assert sorted(scalar(connection, SECRET, "send")) == ['a "b"', "pin", "token"]


def test_a_job_is_shown_with_the_names_of_what_is_secret(connection: Connection[Any]) -> None:
    register(connection)
    declare(connection, "send", secret='["token"]')
    insert(connection, job_type="send")
    insert(connection, job_type="other")
    shown = {
        row["job_type"]: Reader(connection).find(str(row["id"]))["secret"] for row in Reader(connection).list_jobs()
    }
    assert shown == {"send": ["token"], "other": None}
