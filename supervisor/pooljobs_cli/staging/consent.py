"""Asks before a command works on a database that somebody named: it might be the one in production."""

from __future__ import annotations

import sys
from typing import Final

from pooljobs.errors import RefusedError
from pooljobs_cli.output.console import say
from pooljobs_cli.staging.own_schema import Agree

_YES: Final = "to agree without being asked, pass --yes"


def not_asked(_told: str) -> None:
    """Agrees: the database is the command's own."""


def consent(source: str, *, yes: bool) -> Agree:
    """Tells what is about to be done, and asks the terminal unless ``yes``. ``source`` is what named the database.

    What it gives raises RefusedError where the answer is no, or nobody is there to ask.
    """

    def agree(told: str) -> None:
        ask(f"{told} (named by {source})", yes=yes)

    return agree


def ask(told: str, *, yes: bool) -> None:
    """Tells what is about to be done, and asks the terminal unless ``yes``; RefusedError as above."""
    if not yes and not sys.stdin.isatty():
        raise RefusedError(f"nothing was done, since nobody agreed: {told}", hint=_YES)
    say(told, style="dim" if yes else "")
    if not yes and not _asked():
        raise RefusedError("nothing was done", hint=_YES)


def _asked() -> bool:
    """Whether a person says yes."""
    say("go on? [y/N]", style="bold")
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
