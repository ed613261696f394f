"""``manage.py pooljobs``: the ``pooljobs`` command, for the project's application and database.

Another program takes this process over, which has imported nothing of the project: workers that are replaced later
shall import its code as it is then.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser

from pooljobs.contrib.django import project_settings
from pooljobs.errors import PoolJobsError

_DJANGOS: Final = ("--settings", "--pythonpath")
"""Options that Django has heeded by now, with a value each."""

_TYPED: Final = {"manage.py": "python manage.py", "__main__.py": "python -m django"}
"""What is typed to run such a program."""


class Command(BaseCommand):
    """Runs the workers, and looks at jobs."""

    help = "Runs the workers of this project, looks at its jobs: manage.py pooljobs --help tells more."

    def run_from_argv(self, argv: list[str]) -> None:
        """Becomes the ``pooljobs`` command; does not return."""
        self._become(argv[0], _without_djangos(argv[2:]))

    def print_help(self, prog_name: str, subcommand: str) -> None:  # noqa: ARG002
        """For ``manage.py help pooljobs``."""
        self._become(prog_name, ["--help"])

    def add_arguments(self, parser: CommandParser) -> None:
        """For ``call_command``."""
        parser.add_argument("arguments", nargs="*", metavar="ARGUMENT")

    def handle(self, *_args: Any, **options: Any) -> None:
        """For ``call_command("pooljobs", "jobs", "list")``: in a process of its own.

        Raises:
            CommandError: It failed; with its exit code.
        """
        command = _command(sys.argv[0] or "manage.py", options["arguments"])
        code = subprocess.run(command, env=_environment(), check=False).returncode
        if code:
            raise CommandError(f"pooljobs ended with {code}", returncode=code)

    def _become(self, program: str, arguments: Sequence[str]) -> None:
        try:
            command, environment = _command(program, arguments), _environment()
        except PoolJobsError as error:
            self.stderr.write(self.style.ERROR(f"error: {error}"))
            if error.hint:
                self.stderr.write(f"hint: {error.hint}")
            sys.exit(error.exit_code)
        sys.stdout.flush()
        sys.stderr.flush()
        os.execve(sys.executable, command, environment)  # noqa: S606  # no shell is wanted


def _command(program: str, arguments: Sequence[str]) -> list[str]:
    called = os.path.basename(program)  # noqa: PTH119  # as Django has it
    called = _TYPED.get(called, called)
    return [sys.executable, "-m", "pooljobs.contrib.django", f"{called} pooljobs", *arguments]


def _environment() -> dict[str, str]:
    """With what the command would be told otherwise: the database, and where modules are found."""
    place = {
        "POOLJOBS_APP": "pooljobs.contrib.django:load()",
        "POOLJOBS_DSN": project_settings.dsn(),
        "POOLJOBS_SCHEMA": project_settings.schema(),
    }
    return {**os.environ, **place, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))}


def _without_djangos(arguments: Sequence[str]) -> list[str]:
    """Until a ``--``.

    >>> _without_djangos(["serve", "--settings", "shop.settings", "--procs", "2", "--pythonpath=."])
    ['serve', '--procs', '2']
    """
    left = iter(arguments)
    kept: list[str] = []
    for argument in left:
        if argument == "--":
            return [*kept, argument, *left]
        if argument in _DJANGOS:
            next(left, None)
        elif not argument.startswith(tuple(f"{name}=" for name in _DJANGOS)):
            kept.append(argument)
    return kept
