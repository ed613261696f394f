"""Runs one ``pooljobs`` command as a user does, and gives what it printed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pooljobs.settings.variables import without_settings

_VARIABLES = ("DATABASE_URL", "POOLJOBS_DSN", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES")

FOR_SERVE = {
    "POOLJOBS_PROCS": "abc",
    "POOLJOBS_SCHEMA": "nowhere",
    "POOLJOBS_QUEUES": "elsewhere",
    "POOLJOBS_UNTIL_EMPTY": "yes",
    "POOLJOBS_KEEP_HISTORY": "for ever",
}
"""Variables that would have a fleet of somebody else's, which gets them, serve nothing."""


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, read as JSON."""
        return json.loads(self.out)


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's, without what would change the command's mind."""
    own = without_settings(os.environ)
    return {name: value for name, value in own.items() if name not in _VARIABLES} | dict(extra or {})


def pooljobs(
    *arguments: str,
    dsn: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str = "",
) -> Ended:
    """Runs ``pooljobs`` to its end; the DSN goes in by the environment."""
    variables = environment({**({"DATABASE_URL": dsn} if dsn else {}), **(env or {})})
    command = [sys.executable, "-m", "pooljobs", *arguments]
    done = subprocess.run(
        command, input=stdin, capture_output=True, text=True, timeout=120, env=variables, cwd=cwd, check=False
    )
    return Ended(done.returncode, done.stdout, done.stderr)
