"""Asks before a command works on a database that somebody named: it might be the one in production."""

from __future__ import annotations

import sys

from pooljobs.errors import OptionError
from pooljobs_cli.output.console import say
from pooljobs_cli.staging.own_schema import Agree


def not_asked(_told: str) -> None:
    """Agrees: the database is the command's own."""


def consent(source: str, *, yes: bool) -> Agree:
    """Tells what is about to be done, and asks the terminal unless ``yes``. ``source`` is what named the database.

    What it gives raises OptionError where the answer is no, or nobody is there to ask.
    """

    def agree(told: str) -> None:
        ask(f"{told} (named by {source})", yes=yes)

    return agree


def ask(told: str, *, yes: bool) -> None:
    """Tells what is about to be done, and asks the terminal unless ``yes``; OptionError as above."""
    say(told)
    if not yes and not _asked():
        raise OptionError("nothing was done", hint="to agree without being asked, pass --yes")


def _asked() -> bool:
    """Whether a person says yes; False without a terminal."""
    if not sys.stdin.isatty():
        return False
    say("go on? [y/N]", style="bold")
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
