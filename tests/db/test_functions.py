"""Functions and view are made anew at each migration: grants stay, and there is one of each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import Connection

from pooljobs.db.schema.migrations import functions
from pooljobs.db.schema.migrator import migrate
from pooljobs.errors import NotMigratedError
from tests.support.claims import scalar
from tests.support.later import with_function, with_migrations

Conn = Connection[Any]

MORE = "-- oldest code: 100\nCREATE TABLE {schema}.later ();"
WIDER = "CREATE OR REPLACE FUNCTION {schema}.cancel(job_id uuid, reason text DEFAULT NULL, hard boolean DEFAULT false)"
ANOTHER_RESULT = (
    "CREATE OR REPLACE FUNCTION {schema}.cancel(job_id uuid, reason text DEFAULT NULL) RETURNS integer"
    " LANGUAGE sql AS 'SELECT 1'"
)


@pytest.fixture
def guest(connection: Conn) -> Iterator[str]:
    connection.execute("CREATE ROLE functions_guest")
    yield "functions_guest"
    connection.execute("DROP OWNED BY functions_guest; DROP ROLE functions_guest")


def may(connection: Conn, role: str, signature: str) -> bool:
    return bool(scalar(connection, "SELECT has_function_privilege(%s, %s, 'EXECUTE')", role, f"pooljobs.{signature}"))


def narrowed(connection: Conn, guest: str) -> None:
    connection.execute("REVOKE EXECUTE ON FUNCTION pooljobs.cancel FROM PUBLIC")
    connection.execute(f"GRANT EXECUTE ON FUNCTION pooljobs.cancel TO {guest}".encode())
    connection.execute(f"GRANT SELECT ON pooljobs.jobs TO {guest}".encode())


def test_grants_are_kept(connection: Conn, owner_dsn: str, guest: str) -> None:
    narrowed(connection, guest)
    with with_migrations(m0900_more=MORE):
        migrate(owner_dsn)
    assert may(connection, guest, "cancel(uuid, text)")
    assert not may(connection, "public", "cancel(uuid, text)")
    assert scalar(connection, "SELECT has_table_privilege(%s, 'pooljobs.jobs', 'SELECT')", guest)


@pytest.mark.parametrize(
    ("text", "signature"),
    [
        (WIDER + " RETURNS text" + functions()["cancel"].split("RETURNS text", 1)[1], "cancel(uuid, text, boolean)"),
        (ANOTHER_RESULT, "cancel(uuid, text)"),
    ],
)
def test_other_parameters_or_results_replace_a_function_with_its_grants(
    connection: Conn, owner_dsn: str, guest: str, text: str, signature: str
) -> None:
    narrowed(connection, guest)
    with with_function("cancel", text):
        migrate(owner_dsn)
    assert scalar(connection, "SELECT count(*) FROM pg_proc WHERE proname = 'cancel'") == 1
    assert may(connection, guest, signature)
    assert not may(connection, "public", signature)
    assert scalar(connection, "SELECT pooljobs.cancel(gen_random_uuid()) IS NULL") is ("integer" not in text)


def test_who_depends_on_what_is_to_go_is_named(connection: Conn, owner_dsn: str) -> None:
    connection.execute("CREATE VIEW public.theirs AS SELECT pooljobs.cancel(gen_random_uuid())")
    with (
        with_migrations(m0900_more=MORE),
        with_function("cancel", ANOTHER_RESULT),
        pytest.raises(NotMigratedError, match="cannot migrate") as refused,
    ):
        migrate(owner_dsn)
    assert "view public.theirs" in str(refused.value.hint)


def test_what_was_changed_by_hand_is_put_right(connection: Conn, owner_dsn: str) -> None:
    connection.execute("DROP VIEW pooljobs.jobs; DROP FUNCTION pooljobs.enqueue")
    migrate(owner_dsn)
    connection.execute("SELECT pooljobs.enqueue('a')")
    assert scalar(connection, "SELECT status FROM pooljobs.jobs") == "pending"
