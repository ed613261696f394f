"""Makes a data directory: whole or not at all."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from pooljobs.embedded.account import Account
from pooljobs.embedded.programs import Programs
from pooljobs.errors import EmbeddedError

USER = "pooljobs"

OPTIONS = (
    f"--username={USER}",
    "--auth=trust",  # the socket's directory is open to one account only
    "--encoding=UTF8",
    "--no-locale",  # the same on every machine, whatever LANG is or is not
    "--no-instructions",
)


def ensure(data: Path, programs: Programs, account: Account) -> None:
    """Runs ``initdb`` unless there is a data directory. A crash leaves only a ``.part`` behind, which is made anew.

    Raises:
        EmbeddedError: ``initdb`` failed; the message has its words.
    """
    if (data / "PG_VERSION").exists():
        return
    part = data.with_name("data.part")
    shutil.rmtree(part, ignore_errors=True)
    account.own(part)
    command: list[str | Path] = [programs.bindir / "initdb", "-D", part, *OPTIONS]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", **account.switch)
    if done.returncode:
        raise EmbeddedError(f"initdb failed in {part}: {done.stderr.strip() or done.stdout.strip()}")
    if data.exists():
        data.rmdir()  # an empty one is taken; one with files in it is not ours to touch
    part.rename(data)
