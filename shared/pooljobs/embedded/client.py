"""Runs psql: the one that belongs to the server's programs, else the one in the PATH."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import Conninfo

from pooljobs.embedded.programs import find_programs
from pooljobs.errors import EmbeddedError

_NEEDED: Final = {"host", "port", "user", "dbname"}


def find_psql(root: Path) -> Path:
    """The program, for the server of a directory.

    Raises:
        EmbeddedError: There is none, or no PostgreSQL that fits the data.
    """
    bindir = find_programs(root / "data").bindir
    beside = bindir / "psql"
    if os.access(beside, os.X_OK):
        return beside
    if found := shutil.which("psql"):
        return Path(found)
    hint = (
        "install it (on Debian: apt-get install postgresql-client), "
        "or lead another client to the url that  pooljobs embedded status  shows while the server runs"
    )
    raise EmbeddedError(f"there is no psql, neither in {bindir} nor in the PATH", hint=hint)


def run_psql(program: Path, dsn: str, arguments: Sequence[str]) -> int:
    """Runs it to its end in our place at the terminal; its exit code, or 128 and the signal that ended it."""
    parts = {name: value for name, value in conninfo_to_dict(dsn).items() if name in _NEEDED}  # its libpq may be older
    of_libpq = {each.envvar.decode() for each in Conninfo.get_defaults() if each.envvar}
    environ = {name: value for name, value in os.environ.items() if name not in of_libpq}
    command = [str(program), f"--dbname={make_conninfo('', **parts)}", *arguments]
    before = signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C is its own to heed, and must not end us before it
    try:
        done = subprocess.run(command, env=environ, check=False)
    except OSError as error:
        raise EmbeddedError(f"cannot run {program}: {error.strerror}") from error
    finally:
        signal.signal(signal.SIGINT, before)
    return done.returncode if done.returncode >= 0 else 128 - done.returncode
