"""Every command's help says what it does, gives an example and the exit codes."""

from __future__ import annotations

import pytest

from pooljobs_cli.command_names import SUMMARIES, asked_for
from pooljobs_cli.main import run
from pooljobs_cli.serving.launch import WorkerMain

COMMANDS = [
    ["serve"],
    ["migrate"],
    ["grant"],
    ["enqueue"],
    ["stats"],
    ["demo"],
    ["chaos"],
    ["jobs", "list"],
    ["jobs", "show"],
    ["jobs", "retry"],
    ["jobs", "cancel"],
]


def no_worker() -> WorkerMain:
    raise AssertionError("nothing is served here")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_teaches(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command, "--help"], no_worker) == 0
    text = capsys.readouterr().out
    assert f"pooljobs {' '.join(command)}" in text.split("Examples:")[1].split("Exit codes:")[0]
    assert "0   done" in text


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([], no_worker) == 0
    text = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert all(f"{name} {summary}" in text for name, summary in SUMMARIES.items())


@pytest.mark.parametrize(
    "arguments", [["--version"], ["--version", "jobs"], ["--traceback", "--version"]], ids=" ".join
)
def test_version(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments, no_worker) == 0
    assert capsys.readouterr().out.startswith("pooljobs ")


@pytest.mark.parametrize("wrong", [["serve"], ["nothing"], ["jobs", "list", "--limit", "0"], ["jobs", "show"]])
def test_a_wrong_command_line_is_2(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(wrong, no_worker) == 2
    assert "Usage" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["jobs", "list", "--status", "serve"], ["-h", "jobs", "-h"]])
def test_one_command_is_enough_for_what_asks_for_it(arguments: list[str]) -> None:
    assert asked_for(arguments) == "jobs"


@pytest.mark.parametrize("arguments", [[], ["--help"], ["nothing", "jobs"]])
def test_the_overview_is_enough_where_the_command_is_not_known(arguments: list[str]) -> None:
    assert asked_for(arguments) is None
