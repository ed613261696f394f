"""The first pooljobs whose schema stays, as git has it: what today's one has to work beside."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from shlex import quote

import pytest

from tests.support.run_directory import run_directory

SUBJECT = "The schema begins anew at version 100"
ROOTS = ("shared", "worker", "supervisor")
_ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class FirstVersion:
    """Its sources, and what runs them on the Python of the tests."""

    folder: Path

    @property
    def path(self) -> str:
        """For PYTHONPATH."""
        return os.pathsep.join(str(self.folder / root) for root in ROOTS)

    @property
    def command(self) -> Path:
        """Its ``pooljobs``."""
        return self.folder / "pooljobs"


def first_version() -> FirstVersion:
    """Made once a run; the test is skipped where git's history does not reach back so far."""
    place = run_directory() / "first-version"
    if not place.exists():
        _make(place)
    return FirstVersion(place)


def _make(place: Path) -> None:
    sources = _git("archive", _commit(), *ROOTS)
    with tempfile.TemporaryDirectory(dir=run_directory()) as unfinished:
        made = FirstVersion(Path(unfinished) / "sources")
        with tarfile.open(fileobj=BytesIO(sources)) as archive:
            archive.extractall(made.folder, filter="data")
        run = f'exec {quote(sys.executable)} -m pooljobs "$@"'
        made.command.write_text(f"#!/bin/sh\nexport PYTHONPATH={quote(FirstVersion(place).path)}\n{run}\n")
        made.command.chmod(0o755)
        with suppress(OSError):  # another process of the run was first
            made.folder.rename(place)


def _commit() -> str:
    try:
        found = _git("log", "--format=%H %s", f"--grep=^{SUBJECT}", "HEAD").decode().splitlines()
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"there is no git history: {error}")
    if not found:
        pytest.skip(f"git's history does not reach back to {SUBJECT!r}")
    return found[-1].split()[0]


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=_ROOT, check=True, capture_output=True).stdout
