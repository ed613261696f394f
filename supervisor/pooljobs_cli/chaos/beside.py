"""Another version of pooljobs that runs some of the hosts: whether it can, and what has to be done for it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pooljobs.db.connect import connect
from pooljobs.db.schema.version import check_migrated
from pooljobs.errors import OptionError
from pooljobs.settings.variables import without_settings
from pooljobs_cli.chaos.application.handlers import SCHEMA

_ANSWER: Final = 60.0
"""Seconds that a command of the other pooljobs may take."""

_WAITS: Final = "--unknown-after"
"""An option of ``serve`` since jobs wait for who knows them."""


@dataclass(frozen=True, slots=True)
class Beside:
    """The command of another pooljobs. ``waits``: it leaves jobs to others that it does not know."""

    command: str
    waits: bool


def find(path: str) -> Beside:
    """The pooljobs whose command this is.

    Raises:
        OptionError: There is no such file, it cannot be executed, or it is something else.
    """
    place = Path(path).absolute()  # of which a virtual environment's links are not resolved
    if not place.is_file():
        raise OptionError(f"--beside: there is no file {path}", hint="name the pooljobs command of another environment")
    if not os.access(place, os.X_OK):
        raise OptionError(f"--beside: {path} cannot be executed")
    told = _run(path, [str(place), "serve", "--help"], {"COLUMNS": "200"})
    if "--procs" not in told:
        raise OptionError(f"--beside: {path} is no pooljobs: its 'serve --help' knows no --procs")
    return Beside(str(place), _WAITS in told)


def agree_on_schema(beside: Beside, dsn: str) -> None:
    """Have it migrate what this pooljobs has migrated, so that the newer of both has the last word.

    Raises:
        OptionError: It is too old for the schema.
        NotMigratedError: This pooljobs is too old for the schema that it needs.
    """
    _run(beside.command, [beside.command, "migrate", "--schema", SCHEMA], {"POOLJOBS_DSN": dsn})
    with connect(dsn, application_name="pooljobs chaos") as connection:
        check_migrated(connection, SCHEMA)


def environment_of_other() -> dict[str, str]:
    """This process's, without what would have the other command import this pooljobs, or serve otherwise than told."""
    return {name: value for name, value in without_settings(os.environ).items() if name != "PYTHONPATH"}


def _run(path: str, command: list[str], variables: Mapping[str, str]) -> str:
    try:
        done = subprocess.run(
            command,
            env={**environment_of_other(), **variables},
            capture_output=True,
            text=True,
            timeout=_ANSWER,
            check=False,
        )
    except OSError as error:
        raise OptionError(f"--beside: {path} cannot be executed: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise OptionError(f"--beside: {path} {command[1]} was not over in {_ANSWER:g} s") from None
    if done.returncode:
        told = (done.stderr or done.stdout).strip() or "nothing"
        raise OptionError(f"--beside: {path} {command[1]} ended with exit code {done.returncode}, and said: {told}")
    return done.stdout
