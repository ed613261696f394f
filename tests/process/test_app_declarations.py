"""An application that names its database and schema is served there, without being told again on the command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from pooljobs.db.schema.migrator import migrate
from tests.support.waiting import wait_until

APP = """
from pooljobs import PoolJobs
app = PoolJobs({dsn!r}, schema="own_schema")

@app.job
def touch(n: int) -> None: ...
"""


@pytest.fixture
def place(empty_dsn: str, tmp_path: Path) -> Path:
    migrate(empty_dsn, "own_schema")
    (tmp_path / "named.py").write_text(APP.format(dsn=empty_dsn))
    return tmp_path


def test_serve_and_enqueue_use_the_applications_own_database(place: Path, empty_dsn: str) -> None:
    command = [sys.executable, "-m", "pooljobs"]
    enqueue = [*command, "enqueue", "touch", "--payload", '{"n": 1}', "--app", "named:app"]
    subprocess.run(enqueue, cwd=place, check=True, capture_output=True)
    serving = subprocess.Popen([*command, "serve", "--app", "named:app", "--log-level", "error"], cwd=place)
    try:
        with psycopg.connect(empty_dsn, autocommit=True) as connection:
            done = "SELECT count(*) FROM own_schema.jobs WHERE status = 'completed'"
            wait_until(lambda: connection.execute(done.encode()).fetchone() == (1,), what="the job to complete")
    finally:
        serving.terminate()
        assert serving.wait(30) == 0
