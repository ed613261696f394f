"""``pooljobs serve`` as a document shows it: started, looked at in its log, interrupted, ended whatever happens."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.docs.matching import Names, missing_lines
from tests.support.waiting import wait_until

PATIENCE = 40.0
"""Seconds for what takes one or two on a machine with nothing else to do."""


class Served:
    """One ``pooljobs serve``, started by the constructor."""

    def __init__(self, command: str, folder: Path, variables: Mapping[str, str]) -> None:
        self._log = folder / "serve.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command.split(),
                cwd=folder,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def await_log(self, shown: Sequence[str], names: Names, where: str) -> None:
        """Waits until the log holds what is shown, in any order; fails the test if it never does."""

        def settled() -> bool:
            return self._process.poll() is not None or not missing_lines(shown, self._read(), names)

        try:
            wait_until(settled, timeout=PATIENCE, what=where)
        except AssertionError:
            pytest.fail(differs(where, shown, self._read()))
        assert not missing_lines(shown, self._read(), names), differs(where, shown, self._read())

    def interrupt(self) -> int:
        """Does what Ctrl-C does, and waits for the end; the exit code."""
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(PATIENCE)

    def wait(self) -> int:
        """Waits for an end that comes by itself; the exit code."""
        return self._process.wait(PATIENCE)

    def end(self) -> None:
        """Ends it if it still runs."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _read(self) -> list[str]:
        return self._log.read_text(errors="replace").splitlines()


def differs(where: str, shown: Sequence[str], printed: Sequence[str]) -> str:
    """What to tell of a difference."""
    return "\n".join([where, "--- shown", *shown, "--- printed", *printed])
