"""Options from their variables: which commands take which, what wins, and how a wrong one is told."""

from __future__ import annotations

import json
from typing import Any

import pytest
import typer

from pooljobs.exit_codes import ExitCode
from pooljobs.settings.variables import by_variable
from pooljobs_cli.main import run
from tests.unit.cli.test_help import ALL, no_worker

NOWHERE = "postgresql://127.0.0.1:1/x"
OF_OTHERS = {"--schema": "POOLJOBS_SCHEMA", "--app": "POOLJOBS_APP"}
NAMES = [" ".join(words) for words, _ in ALL]
SERVE = next(command for words, command in ALL if words == ["serve"])


def given(variables: dict[str, str], *words: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the options of ``serve`` come to."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    values: dict[str, Any] = SERVE.make_context("serve", ["--app", "a:b", *words]).params
    return values


def test_a_variable_stands_for_its_option(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {
        "POOLJOBS_PROCS": " 8 ",
        "POOLJOBS_QUEUES": "'a, b:3'",
        "POOLJOBS_PRELOAD": "yes",
        "POOLJOBS_LISTEN": "no",
        "POOLJOBS_POLL_INTERVAL": "2.5",
        "POOLJOBS_DURABILITY": "RELAXED",
        "POOLJOBS_RELOAD_DIR": "/tmp:/usr",
        "POOLJOBS_SCHEMA": "Odd name",
    }
    found = given(variables, monkeypatch=monkeypatch)
    assert (found["procs"], found["queues"], found["preload"], found["listen"]) == (8, "a, b:3", True, False)
    assert (found["poll_interval"], found["durability"], found["schema"]) == (2.5, "relaxed", "Odd name")
    assert list(found["reload_dir"]) == ["/tmp", "/usr"]


def test_the_command_line_wins_whatever_a_variable_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {"POOLJOBS_PROCS": "abc", "POOLJOBS_LISTEN": "no", "POOLJOBS_APP": "c:d", "POOLJOBS_RELOAD_DIR": "/usr"}
    found = given(variables, "--procs", "3", "--listen", "--reload-dir", "/tmp", monkeypatch=monkeypatch)
    assert (found["procs"], found["listen"], found["app"]) == (3, True, "a:b")
    assert list(found["reload_dir"]) == ["/tmp"]


@pytest.mark.parametrize("empty", ["", "  ", '""'])
def test_an_empty_one_is_as_none(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    empties = dict.fromkeys(set(by_variable()) - {"POOLJOBS_APP"}, empty)
    assert given(empties, monkeypatch=monkeypatch) == given({}, monkeypatch=monkeypatch)


def test_the_application_may_come_from_its_variable_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POOLJOBS_APP", "c:d")
    assert SERVE.make_context("serve", []).params["app"] == "c:d"
    monkeypatch.setenv("POOLJOBS_APP", " ")
    assert run(["serve"], no_worker) == ExitCode.USAGE
    assert "--app" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("PROCS", "0", "POOLJOBS_PROCS must be at least 1, not 0"),
        ("PROCS", "1e9", "POOLJOBS_PROCS must be a whole number from 1 to 512, not '1e9'"),
        ("RELOAD", "si", "POOLJOBS_RELOAD must be true or false, not 'si'"),
        ("QUEUES", ",", "POOLJOBS_QUEUES: queues must not be empty"),
        ("QUEUES", "a:101", "POOLJOBS_QUEUES: a queue's weight must be at most 100, not 101"),
        ("QUEUES", "a*", "POOLJOBS_QUEUES: 'a*' looks like a pattern"),
        ("SCHEMA", "pg_x", "POOLJOBS_SCHEMA: schema 'pg_x' is one of PostgreSQL's own"),
        ("RELOAD_DIR", "/tmp:/no/such", "POOLJOBS_RELOAD_DIR: --reload-dir /no/such: there is no such directory"),
        ("APP", "\udcff", "POOLJOBS_APP is not UTF-8"),
    ],
)
def test_a_wrong_one_is_told_by_its_name(
    variable: str, value: str, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POOLJOBS_APP", "a:b")
    monkeypatch.setenv(f"POOLJOBS_{variable}", value)
    assert run(["serve"], no_worker) == ExitCode.USAGE
    assert capsys.readouterr().err.startswith(f"error: {told}")
    assert run(["serve", "--help"], no_worker) == 0


def test_a_wrong_one_is_told_as_json_where_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POOLJOBS_SCHEMA", "information_schema")
    assert run(["stats", "--json"], no_worker) == ExitCode.USAGE
    assert json.loads(capsys.readouterr().err)["error"].startswith("POOLJOBS_SCHEMA: ")
    monkeypatch.setenv("DATABASE_URL", NOWHERE)
    assert run(["stats", "--schema", "mine"], no_worker) == ExitCode.DATABASE_UNREACHABLE


def test_a_line_that_a_shell_completes_is_not_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in by_variable():
        monkeypatch.setenv(name, "\udcff")
    context = SERVE.make_context("serve", ["--procs", "2"], resilient_parsing=True)
    assert (context.params["procs"], context.params["schema"]) == (2, None)


@pytest.mark.parametrize(("words", "command"), ALL, ids=NAMES)
def test_other_commands_take_what_means_the_same_to_them(words: list[str], command: Any) -> None:
    taken = {each.opts[0]: each.envvar for each in command.get_params(typer.Context(command)) if each.envvar}
    if words != ["serve"]:
        assert taken == {name: OF_OTHERS[name] for each in command.params for name in each.opts if name in OF_OTHERS}
    assert set(taken.values()) <= set(by_variable())
