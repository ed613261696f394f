"""Commands without a DSN: all of them find the same embedded server, and say so."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from pooljobs.db.database import open_database
from tests.support.command import pooljobs


@pytest.fixture
def data() -> Iterator[Path]:
    """A directory that PostgreSQL's account can enter, too."""
    made = Path(tempfile.mkdtemp(prefix="pooljobs-cli-"))
    made.chmod(0o755)
    yield made / "postgres"
    shutil.rmtree(made)


def test_commands_share_one_embedded_server_and_leave_none_behind(data: Path) -> None:
    env = {"POOLJOBS_DATA_DIR": str(data)}
    enqueued = pooljobs("enqueue", "thing", env=env)
    assert enqueued.code == 0, enqueued.err
    assert enqueued.err.count(str(data)) == 1
    assert "DATABASE_URL" in enqueued.err
    [job] = pooljobs("jobs", "list", "--json", env=env).json
    assert job["id"] == enqueued.out.strip()
    assert not (data / "data" / "postmaster.pid").exists()


def test_a_missing_extra_is_said(data: Path, tmp_path: Path) -> None:
    env = {"POOLJOBS_DATA_DIR": str(data), "POOLJOBS_PG_BINDIR": str(tmp_path)}
    ended = pooljobs("jobs", "list", env=env)
    assert ended.code == 10
    assert ended.err.startswith("error: ")
    assert "DATABASE_URL" in ended.err


def test_the_embedded_server_is_migrated_by_itself(data: Path) -> None:
    with open_database(None, root=data) as database:
        assert database.embedded
        assert str(data) in str(database.note)
        with psycopg.connect(database.dsn) as connection:
            assert connection.execute("SELECT count(*) FROM pooljobs.jobs").fetchone() == (0,)


def test_a_named_server_is_left_alone(empty_dsn: str) -> None:
    with open_database(empty_dsn) as database, psycopg.connect(database.dsn) as connection:
        assert (database.source, database.note) == ("--dsn", None)
        assert connection.execute("SELECT to_regnamespace('pooljobs')").fetchone() == (None,)
