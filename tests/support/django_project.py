"""Runs ``manage.py`` of a project, or ``python -m django``, on a test's database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.database_url import libpq_variables
from tests.support.waiting import wait_until

ROOT: Final = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class DjangoProject:
    """One on a database of its own.

    Attributes:
        program: What stands before a command.
        folder: Where it is run.
    """

    dsn: str
    program: Sequence[str]
    folder: Path
    settings: str

    @property
    def env(self) -> dict[str, str]:
        """Names the server to the project's settings, and no database to pooljobs."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "POOLJOBS_"))}
        clean.pop("DATABASE_URL", None)
        return {**clean, **libpq_variables(self.dsn), "DJANGO_SETTINGS_MODULE": self.settings, "PYTHONPATH": str(ROOT)}

    def run(self, *arguments: str, code: int = 0) -> str:
        """Carries a command out; what it has written."""
        command = [sys.executable, *self.program, *arguments]
        ended = subprocess.run(
            command, cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=120, check=False
        )
        assert ended.returncode == code, f"{arguments}: {ended.returncode}\n{ended.stdout}\n{ended.stderr}"
        return ended.stdout + ended.stderr

    def run_without_settings(self, *arguments: str) -> str:
        """What Python has written that was told of no settings, with these arguments."""
        env = {name: value for name, value in self.env.items() if name != "DJANGO_SETTINGS_MODULE"}
        command = [sys.executable, *arguments]
        return subprocess.run(command, cwd=self.folder, env=env, capture_output=True, text=True, check=False).stderr

    @contextmanager
    def serving(self, log: Path, *options: str) -> Iterator[DjangoWorkers]:
        """A fleet, whose workers are ready."""
        command = [sys.executable, *self.program, "pooljobs", "serve", *options]
        with (
            log.open("wb") as file,
            subprocess.Popen(command, cwd=self.folder, env=self.env, stdout=file, stderr=file) as process,
        ):
            workers = DjangoWorkers(process, log)
            try:
                wait_until(lambda: " ready " in workers.text or process.poll() is not None, what="the workers")
                yield workers
            finally:
                if process.poll() is None:
                    process.send_signal(signal.SIGQUIT)


@dataclass(frozen=True)
class DjangoWorkers:
    """A fleet that was started by the project's own command."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def text(self) -> str:
        """What it has written so far."""
        return self.log.read_text(errors="replace")
