"""ARCHITECTURE.md's tables and names against the code."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import pytest

from pooljobs.exit_codes import ExitCode
from pooljobs_supervisor.fleet.lifecycle import Lifecycle
from pooljobs_supervisor.forking.signals import STOPPING
from pooljobs_supervisor.reload import LONG_DRAIN, READY_LIMIT
from tests.docs.blocks import ROOT, documents

TEXT = (ROOT / "ARCHITECTURE.md").read_text()
SQL = ROOT / "shared/pooljobs/sql"


def rows(heading: str) -> Iterator[list[str]]:
    """The rows of the first table under a heading, without its own heading."""
    _, _, section = TEXT.partition(f"{heading}\n")
    lines = [line for line in section.split("\n#", 1)[0].splitlines() if line.startswith("|")]
    for line in lines[2:]:
        yield [cell.strip() for cell in line.strip("|").split("|")]


def files() -> set[str]:
    """Every file of the project, tracked or about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.splitlines()
    found = listed or [str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if ".venv" not in path.parts]
    return {name for name in found if (ROOT / name).is_file()}


def test_all_exit_codes_are_listed() -> None:
    listed = {(int(code), name) for code, name, meaning in rows("## Exit codes") if meaning}
    assert listed == {(code.value, code.name) for code in ExitCode}


def test_the_signals_are_those_that_the_code_takes() -> None:
    table = [(who, signals.split(", "), steps) for who, signals, *steps in rows("### Signals")]
    for who in ("supervisor", "worker", "steward"):
        assert [name for row, names, _ in table if row == who for name in names] == [each.name for each in STOPPING]
    ending, quitting, reloading = [(names, steps) for who, names, steps in table if who == "supervisor"]
    course = Lifecycle(30.0)
    for told in ending[1]:
        assert told.startswith(f"{course.escalate(0.0).name}: ")
    before = course.stage
    assert course.escalate(0.0) is before
    assert quitting[0] == ["SIGQUIT"]
    assert quitting[1][0].startswith(f"{Lifecycle(30.0).halt(0.0).name}: ")
    assert course.halt(0.0) is before
    assert reloading[0] == ["SIGHUP"]
    assert f"not READY within {READY_LIMIT:g} s" in TEXT
    assert f"says so after {LONG_DRAIN:g} s" in TEXT


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_files_that_are_named_exist_and_are_one(document: object) -> None:
    text = (ROOT / str(document)).read_text()
    shown_files = set(re.findall(r"^# ([\w/]+\.py)$", text, re.MULTILINE))
    named = set(re.findall(r"`([\w./-]+\.(?:py|sql|md|toml))`", text)) - shown_files
    every = files()
    for name in named:
        found = [path for path in every if path == name or path.endswith(f"/{name}")]
        assert len(found) == 1, f"{name}: {found}"


def test_directories_that_are_named_exist() -> None:
    for name in re.findall(r"`((?:shared|worker|supervisor|tests|docs)/[\w/]*)`", TEXT):
        assert (ROOT / name).is_dir(), name


def test_every_statement_and_migration_is_told_of() -> None:
    named = set(re.findall(r"`(?:migrations/)?(\w+\.sql)`", TEXT))
    assert named >= {path.name for path in SQL.rglob("*.sql")}
    listed = {name for cells in rows("## Every statement") for name in re.findall(r"\w+\.sql", cells[0])}
    assert listed >= {path.name for path in SQL.glob("statements/*.sql")}


def test_the_import_contract_is_the_one_that_is_checked() -> None:
    config = (ROOT / "pyproject.toml").read_text()
    assert 'layers = ["pooljobs_cli", "pooljobs_supervisor | pooljobs_steward | pooljobs_worker", "pooljobs"]' in config
    assert 'ignore_imports = ["pooljobs.__main__ -> ' in config
