"""Each setting is an option, and becomes what was given; option, table and variable say the same of it."""

from __future__ import annotations

import re
import sys
from dataclasses import MISSING, Field
from pathlib import Path
from typing import Any, get_args

import pytest
import typer

from pooljobs.db.schema.purposes import PURPOSES
from pooljobs.errors import OptionError
from pooljobs.settings import LaunchSettings, ServeSettings
from pooljobs.settings.setting import about
from pooljobs.settings.variables import by_variable, every_setting, value_of, variable_of
from pooljobs_cli.arguments.serve_options import launch_settings, serve_settings, serve_signature
from pooljobs_cli.build import build
from pooljobs_cli.commands import grant
from pooljobs_cli.serving.launch import WorkerMain
from tests.docs.settings_table import PAGE, default_of, option_of, values_of

EVERY = every_setting()


def options() -> dict[str, Any]:
    """The options of the command with their defaults."""
    return {name: each.default for name, each in serve_signature().parameters.items()} | {"app": "a:b"}


def both(given: dict[str, Any]) -> tuple[ServeSettings, LaunchSettings]:
    return serve_settings(given), launch_settings(given)


def arrived(name: str, settings: tuple[ServeSettings, LaunchSettings]) -> Any:
    serve, launch = settings
    return next(getattr(each, name) for each in (serve.worker, serve, launch) if hasattr(each, name))


def shown() -> dict[str, Any]:
    """The parameters that typer makes of them."""

    def no_worker() -> WorkerMain:
        raise AssertionError("nothing is served here")

    root = build(no_worker, show_traceback=False)
    _, command, _ = root.resolve_command(typer.Context(root), ["serve"])
    return {each.name: each for each in command.params if each.name != "help"}


SHOWN = shown()


def test_every_setting_is_an_option_and_nothing_else_is() -> None:
    assert list(SHOWN) == [each.name for each in EVERY]


@pytest.mark.parametrize("each", EVERY, ids=lambda each: each.name)
def test_option_table_and_variable_of_a_setting_agree(each: Field[Any]) -> None:
    option, known = SHOWN[each.name], about(each)
    assert [f"`{name}`" for name in (*option.opts, *option.secondary_opts)] == option_of(each).split(", ")
    assert (option.help, option.rich_help_panel) == (known.help, known.panel)
    assert option.required == (each.default is MISSING)
    if not (known.by_app or option.required or each.default == ()):
        assert option.default == each.default
    assert option.envvar == (None if known.variable else f"POOLJOBS_{each.name.upper()}")
    row = f"| {option_of(each)}<br>`{variable_of(each)}` | {default_of(each)} | {values_of(each)} | {known.docs} |\n"
    assert PAGE.read_text().count(row) == 1


NOT_READ = {"dsn", "embedded"}
"""What every application reads by itself, and the command after it."""


def test_all_are_read_but_the_database() -> None:
    assert {each.name for each in EVERY} - {each.name for each in by_variable().values()} == NOT_READ


@pytest.mark.parametrize("each", [each for each in EVERY if about(each).least is not None], ids=lambda each: each.name)
def test_the_ends_of_a_range_are_those_of_the_variable_and_of_the_option(each: Field[Any]) -> None:
    ends = (about(each).least, about(each).most)
    assert values_of(each).startswith("{:g} to {:.10g}".format(*ends))
    for end in ends:
        value = value_of(variable_of(each), f"{end:.17g}")
        assert value == end == arrived(each.name, both({**options(), each.name: value}))


@pytest.mark.parametrize("each", [each for each in EVERY if each.name != "reload_dir"], ids=lambda each: each.name)
def test_every_option_arrives(each: Field[Any]) -> None:
    others: dict[str, Any] = {"app": "c:d", "queues": "one, two:3", "dsn": "dbname=x", "schema": "s"}
    other = others.get(each.name)
    if other is None:
        choices, default = about(each).choices, SHOWN[each.name].default
        other = choices[-1] if choices else not default if each.type == "bool" else default + 2
    before, after = both(options()), both({**options(), each.name: other})
    wanted = ("one", "two") if each.name == "queues" else other
    if each.name != "dsn":  # which is the launch's, and empty until then in what is served
        assert arrived(each.name, after) == wanted != arrived(each.name, before)
    else:
        assert (after[1].dsn, after[0].dsn) == (other, "")


def test_weights_arrive_beside_their_queues() -> None:
    assert serve_settings({**options(), "queues": "one, two:3"}).worker.shares == {"one": 1, "two": 3}


def test_the_directories_to_watch_are_those_named_or_this_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    given = {**options(), "app": "a:b"}
    assert serve_settings(given).reload_dirs == ()
    assert serve_settings({**given, "reload": True}).reload_dirs == (str(tmp_path.resolve()),)
    (tmp_path / "lib").mkdir()
    named = serve_settings({**given, "reload": True, "reload_dir": ["lib", str(tmp_path / "lib")]})
    assert named.reload_dirs == (str((tmp_path / "lib").resolve()),)
    with pytest.raises(OptionError, match="--reload-dir src: there is no such directory"):
        serve_settings({**given, "reload_dir": ["lib", "src"]})
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    assert serve_settings(given).reload_dirs == ()
    with pytest.raises(OptionError, match=r"(?s)needs watchfiles.*pip install 'pooljobs\[reload\]'"):
        serve_settings({**given, "reload": True})


def test_choices_are_shown_and_taken() -> None:
    for each in EVERY:
        if choices := about(each).choices:
            assert get_args(serve_signature().parameters[each.name].annotation.__origin__) == choices
            assert SHOWN[each.name].metavar in ("|".join(choices), "LEVEL")


def test_the_purposes_of_a_grant_are_those_that_there_are() -> None:
    literal, declared = get_args(grant.Purpose)
    assert get_args(literal) == PURPOSES
    assert declared.metavar == "|".join(PURPOSES)


def test_variables_in_the_help_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    command = build(lambda: pytest.fail("nothing is served here"), show_traceback=False)
    command.main(["serve", "--help"], prog_name="pooljobs", standalone_mode=False)
    named = set(re.findall(r"POOLJOBS_[A-Z_]+", capsys.readouterr().out)) - {"POOLJOBS_DSN"}
    assert named
    assert named <= set(by_variable())
