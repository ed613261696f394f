"""Commands say where they work as the connection tells it: a connection string may not."""

from __future__ import annotations

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.support.command import pooljobs


@pytest.fixture
def service(empty_dsn: str, tmp_path: Path) -> dict[str, str]:
    """A service file that leads to the database, in the environment."""
    lines = (f"{name}={value}" for name, value in conninfo_to_dict(empty_dsn).items())
    (tmp_path / "services").write_text("\n".join(["[shop]", *lines, ""]))
    return {"PGSERVICEFILE": str(tmp_path / "services")}


@pytest.mark.parametrize(
    "dsn", ["service=shop", "postgresql:///?service=shop", "'postgresql+asyncpg:///?service=shop'\n"]
)
def test_a_service_says_nothing_and_the_connection_all(dsn: str, empty_dsn: str, service: dict[str, str]) -> None:
    parts = conninfo_to_dict(empty_dsn)
    ended = pooljobs("migrate", "--dsn", dsn, env=service)
    assert ended.code == 0, ended.err
    assert f"database {parts['dbname']} at the socket in {parts['host']} (from --dsn)" in ended.out


def test_of_several_hosts_the_one_that_answered_is_told(empty_dsn: str, tmp_path: Path) -> None:
    parts = conninfo_to_dict(empty_dsn)
    several = f"host={tmp_path},{parts['host']} user={parts['user']} dbname={parts['dbname']}"
    ended = pooljobs("migrate", env={"DATABASE_URL": several})
    assert ended.code == 0, ended.err
    assert f"at the socket in {parts['host']} (from DATABASE_URL)" in ended.out
    assert str(tmp_path) not in ended.out
