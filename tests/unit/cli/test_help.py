"""Every command's help says what it does, gives an example and the exit codes, and can be read at any width."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from pooljobs_cli.build import build
from pooljobs_cli.command_group import Commands
from pooljobs_cli.command_names import SUMMARIES, asked_for
from pooljobs_cli.main import run
from pooljobs_cli.serving.launch import WorkerMain


def no_worker() -> WorkerMain:
    raise AssertionError("nothing is served here")


def commands() -> Iterator[tuple[list[str], Any]]:
    """All of them, with the overview and the groups."""
    root = build(no_worker, show_traceback=False)
    yield [], root
    for name in SUMMARIES:
        _, command, _ = root.resolve_command(typer.Context(root), [name])
        yield [name], command
        if isinstance(command, Commands):
            yield from (([name, each], one) for each, one in command.commands.items())


ALL = list(commands())


def shown(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert run([*words, "--help"], no_worker) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


@pytest.mark.parametrize("words", [words for words, each in ALL if not isinstance(each, Commands)], ids=" ".join)
def test_help_teaches(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(words, capsys)
    assert f"pooljobs {' '.join(words)}" in text.split("Examples:")[1].split("Exit codes:")[0]
    assert "0   done" in text
    assert "2   the command line is wrong" in text


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120, 300])
@pytest.mark.parametrize(
    ("words", "command"), ALL, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_names_are_whole_and_lines_fit_at_any_width(
    words: list[str],
    command: Any,
    width: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    text = shown(words, capsys)
    options = [each for each in command.get_params(typer.Context(command)) if each.param_type_name == "option"]
    assert options
    for option in options:
        for name in (*option.opts, *option.secondary_opts):
            assert re.search(rf"(?m)^  (\S.*)?{name}(?![\w-])", text), f"{name} is not told, or not whole"
    assert max(map(len, text.splitlines())) <= max(width, 40)
    assert "<bool>" not in text
    assert "…T" not in text
    assert not re.search(r"default: ?[\d.]*\.0\b|default: (None|True|False)", text)


@pytest.mark.parametrize(
    ("words", "command"), ALL, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_examples_are_for_whoever_has_the_wheel_alone(
    words: list[str], command: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not re.search(r"examples\.|\bmake\b", shown(words, capsys))


def test_an_example_that_is_broken_is_one_command_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "72")
    text = shown(["jobs", "cancel"], capsys).replace(" \\\n    ", " ")
    assert '  pooljobs jobs cancel 01981f0e-5b1a 01981f0e-6c2b --reason "wrong recipients" --wait\n' in text


def test_what_people_set_most_comes_first(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(["serve"], capsys)
    order = [
        "What runs:\n  --app",
        "\n  --procs",
        "\n  --queues",
        "Database:\n  --dsn",
        "Log:",
        "How jobs are claimed:",
    ]
    assert sorted(order, key=text.index) == order


class Terminal(io.StringIO):
    """stdout of somebody who looks at it."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
    ids=str,
)
def test_headings_are_bold_on_a_terminal_that_shows_it(
    variables: dict[str, str], coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", stdout := Terminal())
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert run(["stats", "--help"], no_worker) == 0
    codes = set(re.findall(r"\x1b\[([\d;]*)m", stdout.getvalue()))
    assert codes == ({"0", "1"} if coloured else set())  # no colour at all: it reads on light and on dark


def test_in_a_pipe_it_is_plain(capsys: pytest.CaptureFixture[str]) -> None:
    assert "\x1b" not in shown(["stats"], capsys)


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([], no_worker) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert all(f"{name} {summary}" in text for name, summary in SUMMARIES.items())


@pytest.mark.parametrize(
    "arguments", [["--version"], ["--version", "jobs"], ["--traceback", "--version"]], ids=" ".join
)
def test_version(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments, no_worker) == 0
    assert capsys.readouterr().out.startswith("pooljobs ")


@pytest.mark.parametrize(
    "wrong", [["serve"], ["nothing"], ["jobs"], ["jobs", "list", "--limit", "0"], ["jobs", "show"]], ids=" ".join
)
def test_a_wrong_command_line_is_2(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(wrong, no_worker) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("Usage: pooljobs")
    assert "error: " in told.err
    assert "--help  says what it takes" in told.err


def test_what_is_no_number_is_told_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["jobs", "list", "--limit", "many"], no_worker) == 2
    assert "'--limit' / '-n'" in (told := capsys.readouterr().err)  # in typer's words, which change
    assert "valid integer" in told


@pytest.mark.parametrize("arguments", [["jobs", "list", "--status", "serve"], ["-h", "jobs", "-h"]])
def test_one_command_is_enough_for_what_asks_for_it(arguments: list[str]) -> None:
    assert asked_for(arguments) == "jobs"


@pytest.mark.parametrize("arguments", [[], ["--help"], ["nothing", "jobs"]])
def test_the_overview_is_enough_where_the_command_is_not_known(arguments: list[str]) -> None:
    assert asked_for(arguments) is None
