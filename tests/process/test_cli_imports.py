"""Commands that print no table carry their work out without what draws one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from tests.support.claims import insert, scalar
from tests.unit.cli.test_start import imported_by, packages


@pytest.mark.parametrize(
    "command",
    [
        ["enqueue", "x"],
        ["migrate"],
        ["jobs", "list", "--json"],
        ["jobs", "show", "ID", "--json"],
        ["jobs", "cancel", "ID"],
        ["stats", "--json"],
        ["grant", "pg_monitor", "--as", "viewer"],
        ["jobs", "show", "ffffffff-ffff"],
    ],
    ids=" ".join,
)
def test_what_prints_no_table_imports_no_rich(
    dsn: str, connection: Connection[Any], command: list[str], tmp_path: Path
) -> None:
    insert(connection)
    job_id = str(scalar(connection, "SELECT id FROM pooljobs.live"))
    modules = imported_by([job_id if word == "ID" else word for word in command], tmp_path, DATABASE_URL=dsn)
    assert {"rich", "psycopg_pool"} & packages(modules) == set()
    assert "pooljobs_cli.build" in modules, "it ran"
