"""Every option of ``serve`` that is a setting becomes that setting, and every setting has an option."""

from __future__ import annotations

import inspect
import sys
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, get_args

import pytest
import typer

from pooljobs.db.schema.purposes import PURPOSES
from pooljobs.errors import OptionError
from pooljobs.settings import (
    DURABILITIES,
    JOB_LOGS,
    LOG_FORMATS,
    LOG_LEVELS,
    POOLERS,
    ServeSettings,
    WorkerSettings,
)
from pooljobs_cli.arguments import serve_options
from pooljobs_cli.arguments.serve_settings import settings_of
from pooljobs_cli.commands import grant, serve
from pooljobs_cli.serving.launch import WorkerMain

NO_OPTIONS = {"worker", "weights", "reload_dirs"}
"""Made of other options: ``--queues`` has the weights."""
NO_SETTINGS = {"log_format", "log_level", "reload", "reload_dir", "embedded"}
"""The last one becomes the ``dsn``."""


def options() -> dict[str, Any]:
    """The options of the command with their defaults."""

    def no_worker() -> WorkerMain:
        raise AssertionError("nothing is served here")

    cli = typer.Typer()
    serve.register(cli, no_worker, show_traceback=False)
    callback = cli.registered_commands[0].callback
    assert callback is not None
    return {name: each.default for name, each in inspect.signature(callback).parameters.items()}


def settings() -> set[str]:
    return {field.name for kind in (ServeSettings, WorkerSettings) for field in fields(kind)} - NO_OPTIONS


def test_options_and_settings_are_the_same() -> None:
    assert set(options()) - NO_SETTINGS == settings()


def test_every_option_arrives() -> None:
    defaults = {**options(), "app": "a:b"}
    usual = asdict(settings_of(defaults))
    for name, default in defaults.items():
        if name in NO_SETTINGS or not isinstance(default, bool | int | float):
            continue
        other = (not default) if isinstance(default, bool) else default + 2
        changed = asdict(settings_of({**defaults, name: other}))
        assert {**changed, **changed["worker"]}[name] == other != {**usual, **usual["worker"]}[name]


def test_the_directories_to_watch_are_those_named_or_this_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    given = {**options(), "app": "a:b"}
    assert settings_of(given).reload_dirs == ()
    assert settings_of({**given, "reload": True}).reload_dirs == (str(tmp_path.resolve()),)
    (tmp_path / "lib").mkdir()
    named = settings_of({**given, "reload": True, "reload_dir": ["lib", str(tmp_path / "lib")]})
    assert named.reload_dirs == (str((tmp_path / "lib").resolve()),)
    with pytest.raises(OptionError, match="--reload-dir src: there is no such directory"):
        settings_of({**given, "reload_dir": ["lib", "src"]})
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    assert settings_of(given).reload_dirs == ()
    with pytest.raises(OptionError, match=r"(?s)needs watchfiles.*pip install 'pooljobs\[reload\]'"):
        settings_of({**given, "reload": True})


def test_values_that_are_texts_arrive_too() -> None:
    given = settings_of({**options(), "app": "a:b", "queues": "one, two:3", "schema": "s", "durability": "relaxed"})
    assert (given.app, given.schema, given.dsn) == ("a:b", "s", "")
    assert (given.worker.shares, given.worker.durability) == ({"one": 1, "two": 3}, "relaxed")


@pytest.mark.parametrize(
    ("option", "values"),
    [
        (serve_options.Pooler, POOLERS),
        (serve_options.Durability, DURABILITIES),
        (serve_options.Format, LOG_FORMATS),
        (serve_options.Level, LOG_LEVELS),
        (serve_options.LogJobs, JOB_LOGS),
        (grant.Purpose, PURPOSES),
    ],
)
def test_choices_are_those_that_there_are(option: Any, values: tuple[str, ...]) -> None:
    literal, declared = get_args(option)
    assert get_args(literal) == values
    assert declared.metavar in ("|".join(values), "LEVEL")
