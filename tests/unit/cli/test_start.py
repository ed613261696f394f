"""What a command imports before it begins: what it needs, and nothing of the others. No timing: modules are counted."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from pooljobs_cli.command_names import SUMMARIES
from tests.support.command import environment

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

OURS = {"pooljobs", "pooljobs_cli", "orjson"}
"""What any command imports, beside typer."""
TYPER = {"typer", "shellingham", "annotated_doc", "click", "typing_extensions"}
"""With what it brings along: click, or a copy of its own, by version. Neither pydantic, by which it converts values
(``plain_values.py``), nor rich, by which it draws help and errors (``help_layout.py``).
"""
DRIVERS = {"psycopg", "psycopg_binary", "typing_extensions", "cython_runtime"}
"""The database's, with what it brings along."""
EARLY = {
    "pooljobs_supervisor",
    "pooljobs_supervisor.forking",
    "pooljobs_supervisor.forking.signals",
    "pooljobs_supervisor.terminal",
}
"""What ``serve`` needs to take signals while the rest is imported."""


def imported_by(arguments: Sequence[str], tmp_path: Path, **variables: str) -> set[str]:
    """The modules that a command has imported when it ends."""
    written = tmp_path / "modules"
    command = [sys.executable, "-c", RUN, str(written), *arguments]
    subprocess.run(command, env=environment(variables), capture_output=True, check=False, timeout=60)
    return set(json.loads(written.read_text("utf-8")))


def packages(modules: set[str]) -> set[str]:
    """Those outside the standard library."""
    found = {module.partition(".")[0] for module in modules} - sys.stdlib_module_names
    return {name for name in found if not name.startswith("_")}  # parts of an extension module, or of the interpreter


def folders(modules: set[str], package: str) -> set[str]:
    return {module.split(".")[1] for module in modules if module.startswith(f"{package}.")}


def test_the_version_needs_neither_typer_nor_rich_nor_a_driver(tmp_path: Path) -> None:
    modules = imported_by(["--version"], tmp_path)
    assert packages(modules) == OURS
    assert {module for module in modules if module.startswith("pooljobs_cli.")} == {
        "pooljobs_cli.main",
        "pooljobs_cli.command_names",  # the names alone
        "pooljobs_cli.command_failures",
        "pooljobs_cli.output",
        "pooljobs_cli.output.calling_name",
        "pooljobs_cli.output.console",
        "pooljobs_cli.output.json_text",
        "pooljobs_cli.output.streams",
    }


@pytest.mark.parametrize("arguments", [[], ["--help"], ["nothing"]], ids=str)
def test_the_overview_imports_no_command(arguments: list[str], tmp_path: Path) -> None:
    modules = imported_by(arguments, tmp_path)
    assert packages(modules) - TYPER == OURS
    assert folders(modules, "pooljobs_cli") & {"commands", "completion", "arguments"} == set()


def helps() -> Iterator[list[str]]:
    for name in SUMMARIES:
        yield [name, "--help"]
    yield ["jobs", "list", "--help"]
    yield ["jobs", "cancel", "--help"]
    yield ["enqueue", "--no-such-option"]


@pytest.mark.parametrize("arguments", list(helps()), ids=" ".join)
def test_the_help_of_a_command_imports_nothing_that_carries_it_out(arguments: list[str], tmp_path: Path) -> None:
    modules = imported_by(arguments, tmp_path)
    assert packages(modules - EARLY) - TYPER == OURS
    assert {name for name in SUMMARIES if f"pooljobs_cli.commands.{name}" in modules} == {arguments[0]}
    assert folders(modules, "pooljobs") <= {
        "__main__",
        "db",  # modules without a driver
        "errors",
        "escaping",
        "exit_codes",
        "job",
        "operations",  # as db
        "payload",
        "process",
        "schema_name",
        "settings",
    }


ASKING = [
    ["enqueue", "x"],
    ["jobs", "list"],
    ["jobs", "cancel", "0198"],
    ["stats"],
    ["migrate"],
    ["grant", "x", "--as", "viewer", "--run"],
]


@pytest.mark.parametrize("arguments", ASKING, ids=" ".join)
def test_a_command_that_only_asks_the_database_imports_nothing_of_fleets_and_handlers(
    arguments: list[str], tmp_path: Path
) -> None:
    modules = imported_by([*arguments, "--dsn", NOWHERE], tmp_path)
    assert packages(modules) - DRIVERS - TYPER == OURS
    assert "psycopg" in modules
    assert (
        folders(modules, "pooljobs") & {"application", "convert", "enqueue", "handler", "scoreboard", "signature"}
        == set()
    )


@pytest.mark.parametrize(("line", "driver"), [("serve --", False), ("jobs show --d", False), ("jobs show ", True)])
def test_completion_imports_a_driver_for_values_alone(line: str, driver: bool, tmp_path: Path) -> None:
    words = f"pooljobs {line}"
    asked = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" ")), "_POOLJOBS_COMPLETE": "complete_bash"}
    modules = imported_by([], tmp_path, DATABASE_URL=NOWHERE, **asked)
    assert packages(modules) - DRIVERS - TYPER == OURS
    assert ("psycopg" in modules) is driver
