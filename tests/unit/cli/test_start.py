"""What a command imports before it begins: what it needs, and nothing of the others. No timing: modules are counted."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from pooljobs_cli.command_names import SUMMARIES

NOWHERE = "postgresql://127.0.0.1:1/x"

RUN = """
import json, sys
before = set(sys.modules)
written, *sys.argv[1:] = sys.argv[1:]
from pooljobs.__main__ import main
try:
    main()
finally:
    with open(written, "w") as file:
        json.dump(sorted(set(sys.modules) - before), file)
"""

OF_A_DATABASE = {"psycopg", "psycopg_pool"}
OF_A_FLEET = {"multiprocess", "uvloop", "platformdirs"}
EARLY = {"pooljobs_supervisor.forking", "pooljobs_supervisor.forking.signals", "pooljobs_supervisor.terminal"}
"""What ``serve`` needs to take signals while the rest is imported."""


def imported_by(arguments: Sequence[str], tmp_path: Path) -> set[str]:
    """The modules that a command has imported when it ends."""
    written = tmp_path / "modules"
    subprocess.run([sys.executable, "-c", RUN, str(written), *arguments], capture_output=True, check=False, timeout=60)
    return set(json.loads(written.read_text("utf-8")))


def packages(modules: set[str]) -> set[str]:
    """Those outside the standard library."""
    return {module.partition(".")[0] for module in modules} - sys.stdlib_module_names


def folders(modules: set[str], package: str) -> set[str]:
    return {module.split(".")[1] for module in modules if module.startswith(f"{package}.")}


def test_the_version_needs_neither_typer_nor_rich_nor_a_driver(tmp_path: Path) -> None:
    modules = imported_by(["--version"], tmp_path)
    assert packages(modules) == {"pooljobs", "pooljobs_supervisor", "orjson"}
    assert {module for module in modules if module.startswith("pooljobs_cli.")} == {
        "pooljobs_cli.main",
        "pooljobs_cli.command_names",  # the names alone
        "pooljobs_cli.command_failures",
    }


@pytest.mark.parametrize("arguments", [[], ["--help"], ["nothing"]], ids=str)
def test_the_overview_imports_no_command(arguments: list[str], tmp_path: Path) -> None:
    modules = imported_by(arguments, tmp_path)
    assert packages(modules) & (OF_A_DATABASE | OF_A_FLEET) == set()
    assert {f"pooljobs_cli.{name}" for name in SUMMARIES} & modules == set()
    assert folders(modules, "pooljobs_supervisor") == {"cli", "telling"}


def helps() -> Iterator[list[str]]:
    for name in SUMMARIES:
        yield [name, "--help"]
    yield ["jobs", "list", "--help"]
    yield ["jobs", "cancel", "--help"]
    yield ["enqueue", "--no-such-option"]


@pytest.mark.parametrize("arguments", list(helps()), ids=" ".join)
def test_the_help_of_a_command_imports_nothing_that_carries_it_out(arguments: list[str], tmp_path: Path) -> None:
    modules = imported_by(arguments, tmp_path)
    assert packages(modules) & (OF_A_DATABASE | OF_A_FLEET) == set()
    assert {name for name in SUMMARIES if f"pooljobs_cli.{name}" in modules} == {arguments[0]}
    assert folders(modules - EARLY, "pooljobs_supervisor") == {"cli", "telling"}
    assert folders(modules, "pooljobs") <= {
        "__main__",
        "db",  # modules without a driver
        "errors",
        "escaping",
        "exit_codes",
        "job",
        "payload",
        "process",
        "schema_name",
        "settings",
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ["enqueue", "x"],
        ["jobs", "list"],
        ["jobs", "cancel", "0198"],
        ["stats"],
        ["migrate"],
        ["grant", "x", "--as", "viewer", "--run"],
    ],
    ids=" ".join,
)
def test_a_command_that_only_asks_the_database_imports_nothing_of_fleets_and_handlers(
    arguments: list[str], tmp_path: Path
) -> None:
    modules = imported_by([*arguments, "--dsn", NOWHERE], tmp_path)
    assert packages(modules) & (OF_A_DATABASE | OF_A_FLEET) == OF_A_DATABASE
    assert folders(modules, "pooljobs_supervisor") == {"cli", "telling"}
    assert (
        folders(modules, "pooljobs") & {"application", "convert", "enqueue", "handler", "scoreboard", "signature"}
        == set()
    )
