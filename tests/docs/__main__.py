"""Writes what documents have from the code, ``make docs``: two pages of docs/internals, the settings in
docs/running.md, and docs/schema.sql.
"""

from __future__ import annotations

import psycopg

from tests.docs import hazards, settings_table, statements
from tests.docs.blocks import ROOT
from tests.support.database import run_server
from tests.support.run_directory import begin_run, end_run
from tests.support.schema_text import REFERENCE, everything


def main() -> None:
    """Writes them all."""
    for page in (hazards, settings_table, statements):
        page.PAGE.write_text(page.generate())
    begin_run()
    try:
        with run_server() as server, server.migrated() as dsn, psycopg.connect(dsn) as connection:
            _write_schema(connection)
    finally:
        end_run()


def _write_schema(connection: psycopg.Connection) -> None:
    if connection.info.server_version // 10_000 != REFERENCE:
        print(f"docs/schema.sql is in the words of PostgreSQL {REFERENCE}, which is not here: left as it is")
        return
    connection.execute("SET search_path = pg_catalog")
    (ROOT / "docs/schema.sql").write_text(everything(connection))


if __name__ == "__main__":
    main()
