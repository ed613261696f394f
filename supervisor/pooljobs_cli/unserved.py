"""Says that jobs wait for nobody: no living worker serves their queue."""

from __future__ import annotations

import shlex
from collections.abc import Collection
from typing import Final

from pooljobs.errors import OptionError
from pooljobs_cli.arguments.queue_shares import shares
from pooljobs_cli.output.calling_name import calling_name, is_a_projects
from pooljobs_cli.output.console import say

_MOST: Final = 5
"""Queues named."""


def say_unserved(queues: Collection[str], app: str | None = None) -> None:
    """One line on stderr, if there are any. ``app``: what serves them is to be given as ``--app``, if that is known."""
    if queues:
        say(unserved(sorted(queues), app or "MODULE:ATTRIBUTE"), style="warning")


def unserved(queues: Collection[str], app: str) -> str:
    """That line, with a command that serves them if there is one.

    >>> unserved(["mails"], "shop:app")
    "no worker serves the queue 'mails'; start one with: pooljobs serve --queues mails --app shop:app"
    """
    named = list(queues)[:_MOST]
    more = f" and {len(queues) - _MOST:,} more" if len(queues) > _MOST else ""
    told = f"no worker serves the queue{'s' * (len(queues) > 1)} {', '.join(map(repr, named))}{more}"
    option = ",".join(f"{name}:1" if ":" in name else name for name in named)
    if _is_taken_for(option, named):
        of = "" if is_a_projects() else f" --app {shlex.quote(app)}"
        told += f"; start one with: {calling_name()} serve --queues {shlex.quote(option)}{of}"
    return told


def _is_taken_for(option: str, queues: Collection[str]) -> bool:
    """Whether ``serve`` reads these names, and nothing else: not all can be written there, nor on a command line."""
    try:
        return option.isprintable() and shares(option) == dict.fromkeys(queues, 1)
    except OptionError:
        return False
