"""Who runs the server: PostgreSQL refuses to run as root, so root hands it to an unprivileged account."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pooljobs.errors import EmbeddedError

CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """The account to run programs as; ``entry`` is None for the present user."""

    entry: pwd.struct_passwd | None

    @classmethod
    def choose(cls, environ: Mapping[str, str] = os.environ) -> Account:
        """The present user, or for root ``POOLJOBS_PG_USER``, postgres or nobody.

        Raises:
            EmbeddedError: Root, and no such account.
        """
        if os.geteuid() != 0:
            return cls(None)
        for name in (environ.get("POOLJOBS_PG_USER"), *CANDIDATES):
            if not name:
                continue
            try:
                return cls(pwd.getpwnam(name))
            except KeyError:
                continue
        raise EmbeddedError(
            "PostgreSQL does not run as root, and there is no account to run it as",
            hint="set POOLJOBS_PG_USER to an unprivileged account",
        )

    @property
    def switch(self) -> dict[str, Any]:
        """Arguments for ``subprocess`` that run a program as this account."""
        if self.entry is None:
            return {}
        return {"user": self.entry.pw_uid, "group": self.entry.pw_gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Makes a directory that only this account enters."""
        path.mkdir(parents=True, exist_ok=True)
        if self.entry is not None:
            os.chown(path, self.entry.pw_uid, self.entry.pw_gid)
        path.chmod(0o700)

    def runs(self, command: Sequence[str | Path]) -> bool:
        """Whether this account can run the command."""
        try:
            done = subprocess.run(command, capture_output=True, check=False, cwd="/", **self.switch)
        except OSError:
            return False
        return done.returncode == 0

    def enters(self, path: Path) -> bool:
        """Whether this account can enter the directory."""
        return self.entry is None or self.runs(["/bin/sh", "-c", 'cd "$0"', path])
