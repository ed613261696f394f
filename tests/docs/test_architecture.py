"""ARCHITECTURE.md's tables and names, and those of docs/internals and docs/running.md, against the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pooljobs.exit_codes import ExitCode
from pooljobs_supervisor.fleet.lifecycle import Lifecycle
from pooljobs_supervisor.forking.signals import STOPPING
from pooljobs_supervisor.reload import LONG_DRAIN, READY_LIMIT
from tests.docs.blocks import ROOT, documents, files, rows

ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text()
RUNNING = (ROOT / "docs/running.md").read_text()
MOST = 15_000
"""Bytes of ARCHITECTURE.md. What is longer than a page belongs into docs/internals, where there is a page for it."""


def test_the_architecture_is_read_in_one_go() -> None:
    assert len(ARCHITECTURE.encode()) <= MOST


def test_every_page_of_internals_is_linked() -> None:
    linked = set(re.findall(r"\(docs/internals/([\w-]+\.md)", ARCHITECTURE))
    assert linked == {path.name for path in (ROOT / "docs/internals").glob("*.md")}


def test_all_exit_codes_are_listed() -> None:
    listed = {(int(code), name) for code, name, meaning in rows(RUNNING, "### Exit codes") if name and meaning}
    assert listed == {(code.value, code.name) for code in ExitCode}


def test_the_signals_are_those_that_the_code_takes() -> None:
    table = [(who, signals.split(", "), steps) for who, signals, *steps in rows(RUNNING, "## Signals")]
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


def test_the_times_of_a_reload_are_those_of_the_code() -> None:
    text = (ROOT / "docs/internals/reloading.md").read_text()
    assert f"not READY within {READY_LIMIT:g} s" in text
    assert f"says so after {LONG_DRAIN:g} s" in text


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_files_that_are_named_exist_and_are_one(document: Path) -> None:
    text = document.read_text()
    shown_files = set(re.findall(r"^# ([\w/]+\.py)$", text, re.MULTILINE))
    named = set(re.findall(r"`([\w./-]+\.(?:py|sql|md|toml))`", text)) - shown_files
    every = files()
    for name in named:
        found = [path for path in every if path == name or path.endswith(f"/{name}")]
        assert len(found) == 1, f"{name}: {found}"


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_directories_that_are_named_exist(document: Path) -> None:
    for name in re.findall(r"`((?:shared|worker|supervisor|tests|docs)/[\w/]*)`", document.read_text()):
        assert (ROOT / name).is_dir(), name


def test_every_package_and_folder_has_its_place() -> None:
    told = set(re.findall(r"`(\w+)`", ARCHITECTURE.partition("## The packages\n")[2].partition("\n## ")[0]))
    roots = [path for root in ("shared", "worker", "supervisor") for path in (ROOT / root).glob("pooljobs*")]
    packages = [path for path in roots if (path / "__init__.py").exists()]
    folders = [path.parent.name for package in packages for path in package.glob("*/__init__.py")]
    assert told >= {path.name for path in packages}
    assert told >= set(folders), "a folder of a package that ARCHITECTURE.md does not have"


def test_the_import_contract_is_the_one_that_is_checked() -> None:
    config = (ROOT / "pyproject.toml").read_text()
    assert '"pooljobs_supervisor | pooljobs_steward | pooljobs_worker", "pooljobs"]' in config
    assert 'ignore_imports = [\n    "pooljobs.__main__ -> ' in config
