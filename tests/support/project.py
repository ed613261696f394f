"""A project of a user's, whose commands find its embedded server by themselves."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from pooljobs.embedded import acquire
from tests.support.command import Ended, pooljobs
from tests.support.embedded import FAST


class Project:
    """A directory with a marker. ``share`` is the user's data directory, which root's unprivileged server can enter."""

    def __init__(self, folder: Path, share: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        share.mkdir(mode=0o755, exist_ok=True)
        (folder / "pyproject.toml").touch()
        self.folder = folder
        self.env = {"POOLJOBS_DATA_DIR": "", "XDG_DATA_HOME": str(share)}

    def run(self, *arguments: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Ended:
        """Runs a command in it."""
        return pooljobs(*arguments, env={**self.env, **(env or {})}, cwd=cwd or self.folder)

    @cached_property
    def root(self) -> Path:
        """Where its server lives."""
        return Path(self.run("embedded", "status", "--json").json["data_directory"])

    def seed(self, seed: Path) -> None:
        """Gives it data without tables, which spares a test the making of them."""
        self.root.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        for folder in (self.root.parent, self.root.parent.parent):
            folder.chmod(0o755)
        subprocess.run(["cp", "-a", seed, self.root], check=True)

    @contextmanager
    def running(self, seed: Path) -> Iterator[None]:
        """Gives it data, and has its server run meanwhile, which spares each command its start and its end."""
        self.seed(seed)
        with acquire(self.root, settings=FAST):
            yield
