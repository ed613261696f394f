"""docs/schema.sql is the schema, whole: whoever changes one changes the other, and sees it in the difference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from psycopg import Connection

from tests.support.schema_text import REFERENCE, everything, tables

SNAPSHOT = Path(__file__).parents[2] / "docs" / "schema.sql"


def test_the_snapshot_is_a_migrated_database(connection: Connection[Any]) -> None:
    connection.execute("SET search_path = pg_catalog")
    snapshot = SNAPSHOT.read_text("utf-8")
    assert snapshot.startswith(tables(connection))
    if connection.info.server_version // 10000 == REFERENCE:
        assert snapshot == everything(connection)
