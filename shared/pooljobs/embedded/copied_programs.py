"""Copies the wheel's programs to where the server's account can run them.

Needed by root alone, whose virtual environment often lies in a home that nobody else may enter: about 45 MB, once.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

from pooljobs.embedded.account import Account, spawn_options
from pooljobs.embedded.cluster import environment
from pooljobs.embedded.programs import PATIENCE, Programs
from pooljobs.errors import EmbeddedError

PREFIX = "programs-"
SPECIAL = frozenset('"$`\\')


def runnable(programs: Programs, root: Path, account: Account | None) -> Programs:
    """The programs, or a copy of them in ``root``, that the account can run.

    Raises:
        EmbeddedError: The account cannot run them, and they cannot be copied.
    """
    if account is None or _runs(programs.bindir, account):
        return programs
    if programs.bundle:
        copy = root / f"{PREFIX}{programs.version}"
        bindir = copy / programs.bindir.relative_to(programs.bundle[0].parent)
        if not copy.exists():
            _check_name(copy)
            _copy(programs.bundle, copy)
        if _runs(bindir, account):
            return replace(programs, bindir=bindir)
    raise EmbeddedError(
        f"PostgreSQL refuses to run as root, and the account it runs as instead, {account.name}, "
        f"cannot run {programs.bindir}/postgres",
        hint="set POOLJOBS_PG_USER to an account that can, or POOLJOBS_PG_BINDIR to programs that it can run",
    )


def _runs(bindir: Path, account: Account) -> bool:
    try:
        command = [str(bindir / "postgres"), "--version"]
        subprocess.run(
            command,
            check=True,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd="/",
            timeout=PATIENCE,
            **spawn_options(account),
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _check_name(copy: Path) -> None:
    """Initdb names its neighbour ``postgres`` to a shell, in double quotes, and escapes nothing."""
    if not SPECIAL.isdisjoint(str(copy)):
        raise EmbeddedError(
            f"PostgreSQL's programs, which must be copied for the account that runs them, do not work in {copy.parent}",
            hint=f"choose a POOLJOBS_DATA_DIR without any of {' '.join(sorted(SPECIAL))}",
        )


def _copy(bundle: tuple[Path, ...], copy: Path) -> None:
    for older in copy.parent.glob(f"{PREFIX}*"):  # of another version, or cut short by a crash
        shutil.rmtree(older, ignore_errors=True)
    part = Path(tempfile.mkdtemp(prefix=f"{PREFIX}part.", dir=copy.parent))
    for directory in bundle:
        shutil.copytree(directory, part / directory.name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (part, *part.rglob("*")):
        if not path.is_symlink():  # the original may have been installed for its owner's eyes only
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if path.is_dir() or mode & 0o100 else 0o444))
    part.rename(copy)
