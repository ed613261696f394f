"""docs/schema.sql is the schema, whole: `make docs` writes it, and who changes the schema sees the difference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from psycopg import Connection

from tests.support.schema_text import REFERENCE, everything, tables

MAKE = "docs/schema.sql is not the schema any more: run `make docs`, and look at what has changed"
SNAPSHOT = Path(__file__).parents[2] / "docs" / "schema.sql"


def test_the_snapshot_is_a_migrated_database(connection: Connection[Any]) -> None:
    connection.execute("SET search_path = pg_catalog")
    snapshot = SNAPSHOT.read_text("utf-8")
    assert snapshot.startswith(tables(connection)), MAKE
    if connection.info.server_version // 10000 == REFERENCE:
        assert snapshot == everything(connection), MAKE
