"""Makes the data directory: in a place aside, then by a rename, so that it is whole or absent."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from pooljobs.embedded.account import Account, give, spawn_options
from pooljobs.embedded.location import Layout
from pooljobs.embedded.programs import Programs
from pooljobs.errors import EmbeddedError

PREFIX = "initdb.part."
OPTIONS = ("-U", "pooljobs", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-instructions")
"""Trust is safe: the only way in is a socket in a directory that is open to its owner alone."""


def ensure_data(layout: Layout, programs: Programs, account: Account | None) -> None:
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
    done = subprocess.run(
        command, env=environment(), capture_output=True, text=True, check=False, cwd="/", **spawn_options(account)
    )
    if done.returncode:
        shutil.rmtree(part, ignore_errors=True)
        raise EmbeddedError(
            f"initdb failed: {done.stderr.strip() or f'exit code {done.returncode}'}",
            hint=f"the programs are in {programs.bindir}, the data was to go to {layout.data}",
        )
    part.rename(layout.data)


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """For the server's programs: ours, in the C locale, which exists everywhere."""
    return {**os.environ, "LC_ALL": "C", **(extra or {})}
