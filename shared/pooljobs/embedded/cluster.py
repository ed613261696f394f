"""Makes the data directory: in a place aside, then by a rename, so that it is whole or absent."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from pooljobs.embedded.account import Account, give, spawn_options
from pooljobs.embedded.location import ServerPaths
from pooljobs.embedded.programs import Programs
from pooljobs.errors import EmbeddedError

PREFIX = "initdb.part."
OPTIONS = ("-U", "pooljobs", "--auth=peer", "--encoding=UTF8", "--no-locale", "--no-instructions")
"""Who may connect is decided at each start: see ``access``."""

LONGEST = 300.0
"""Seconds that initdb may take."""

PASSED_ON = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TZ", "TZDIR")
"""Variables that PostgreSQL's programs may need. No other: what is in ours is not the server's account's to read."""


def ensure_data(layout: ServerPaths, programs: Programs, account: Account | None) -> None:
    """Runs initdb unless there is a data directory. The caller holds the start lock.

    Raises:
        EmbeddedError: initdb failed; its own words are in the message.
    """
    if (layout.data / "PG_VERSION").exists():
        return
    for older in layout.root.glob(f"{PREFIX}*"):  # left by a crash
        shutil.rmtree(older, ignore_errors=True)
    part = Path(tempfile.mkdtemp(prefix=PREFIX, dir=layout.root))
    give(part, account)
    command = [str(programs.bindir / "initdb"), "-D", str(part), *OPTIONS]
    if fault := _failure(command, account):
        shutil.rmtree(part, ignore_errors=True)
        hint = f"the programs are in {programs.bindir}, the data was to go to {layout.data}"
        raise EmbeddedError(f"initdb failed: {fault}", hint=hint)
    part.rename(layout.data)


def environment() -> dict[str, str]:
    """For the server's programs: hardly anything, in the C locale, which exists everywhere."""
    passed_on = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return {"PATH": os.defpath, "LC_ALL": "C", **passed_on}


def _failure(command: list[str], account: Account | None) -> str | None:
    try:
        done = subprocess.run(
            command,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            timeout=LONGEST,
            **spawn_options(account),
        )
    except subprocess.TimeoutExpired:
        return f"it was not over in {LONGEST:g} s"
    return (done.stderr.strip() or f"exit code {done.returncode}") if done.returncode else None
