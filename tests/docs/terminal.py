"""A terminal for documents: carries out their blocks in a directory of its own and compares what is printed.

``pooljobs serve`` runs on in the background until the document interrupts it (``^C``) or starts another. Commands
that only look are tried again until they show what the document shows: the workers may not be there yet.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
import pytest

from tests.docs.blocks import INTERRUPT, Block, Command, commands
from tests.docs.matching import Names, missing_lines, output_matches, with_names
from tests.support.command import environment
from tests.support.waiting import wait_until

NOT_RUN_HERE = (
    r"git clone .+",
    r"cd pooljobs",
    r"make \w+",
    r"pip install .+",
    r"python -m bench\.drain.*",
)
"""Commands that would fetch, install, or run this very test. Another test looks that the Makefile has the targets."""

_LOOKS = re.compile(r"pooljobs (jobs (list|show)|stats)\b")
_PATIENCE = 40.0
_FILE = re.compile(r"# (?:(?P<added>add to) )?(?P<name>[\w/]+\.py)\b")
_NOTE = "using the embedded PostgreSQL in "


class Terminal:
    """Runs blocks. Entering does nothing; leaving ends what is still served."""

    def __init__(self, folder: Path, variables: Mapping[str, str], *, dsn: str) -> None:
        """``dsn`` is what ``export DATABASE_URL=…`` is taken to mean."""
        self.folder = folder
        self._dsn = dsn
        self._variables = environment(variables)
        self._variables["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), self._variables["PATH"]])
        self._names: Names = {}
        self._code = 0
        self._served: subprocess.Popen[bytes] | None = None
        self._in_front = False
        self._log = folder / "serve.log"

    def run(self, block: Block) -> None:
        """Carries out a block; fails the test if anything differs from what it shows."""
        if block.language == "python":
            self._write(block)
        elif block.language == "sql":
            self._query(block)
        elif block.language == "console":
            for command in commands(block):
                self._command(command, f"line {block.line}: {command.text}")

    def _write(self, block: Block) -> None:
        named = _FILE.match(block.text)
        assert named, f"line {block.line}: a block of Python begins with the name of its file"
        path = self.folder / named["name"]
        path.parent.mkdir(exist_ok=True)
        if named["added"]:
            assert path.exists(), f"line {block.line}: {path.name} was not shown before"
        with path.open("a" if named["added"] else "w") as file:
            file.write(f"\n\n{block.text}" if named["added"] else block.text)

    def _query(self, block: Block) -> None:
        """Runs statements one by one; comments at the end show the last one's rows."""
        code, _, shown = block.text.partition("\n-- ")
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            for statement in filter(str.strip, re.split(r";\s*$", code, flags=re.MULTILINE)):
                cursor = connection.execute(statement.encode())
            if shown:
                rows = [" | ".join(map(str, row)) for row in cursor.fetchall()]
                assert rows == [line.removeprefix("-- ").strip() for line in shown.splitlines()], f"line {block.line}"

    def _command(self, command: Command, where: str) -> None:
        text = with_names(command.text, self._names)
        if any(re.fullmatch(pattern, text) for pattern in NOT_RUN_HERE):
            return
        if text.startswith("export "):
            self._export(text, where)
        elif text == "echo $?":
            self._tell_code(command, where)
        elif text == INTERRUPT:
            self._interrupt(command, where)
        elif text.startswith("pooljobs serve ") and not text.endswith("--help"):
            self._serve(text, command, where)
        else:
            self._ordinary(text, command, where)

    def _export(self, text: str, where: str) -> None:
        name, _, value = text.removeprefix("export ").partition("=")
        assert name == "DATABASE_URL", where
        assert value.startswith("postgresql://"), where
        self._variables[name] = self._dsn

    def _tell_code(self, command: Command, where: str) -> None:
        """The exit code of the last command; of one that ends by itself, it is waited for."""
        if self._in_front and self._served is not None:
            self._code = self._served.wait(_PATIENCE)
        assert command.output[:1] == (str(self._code),), f"{where}: exit code {self._code}"
        self._code = 0

    def _ordinary(self, text: str, command: Command, where: str) -> None:
        self._expect_success(where)
        self._in_front = False
        if not _LOOKS.match(text):
            printed = self._execute(text)
            assert output_matches(command.output, printed, self._names), _differs(where, command, printed)
            return
        printed = []

        def shown() -> bool:
            printed[:] = self._execute(text)
            return output_matches(command.output, printed, self._names)

        try:
            wait_until(shown, timeout=_PATIENCE, what=where)
        except AssertionError:
            pytest.fail(_differs(where, command, printed))

    def _execute(self, text: str) -> list[str]:
        done = subprocess.run(
            ["bash", "-c", text],
            cwd=self.folder,
            env=self._variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        self._code = done.returncode
        return [line for line in done.stdout.splitlines() if not line.startswith(_NOTE)]

    def _expect_success(self, where: str) -> None:
        """An exit code other than 0 has to be shown, by ``echo $?``."""
        assert self._code == 0, f"before {where}: exit code {self._code}"

    def _serve(self, text: str, command: Command, where: str) -> None:
        self._expect_success(where)
        self._end()
        with self._log.open("wb") as log:
            self._served = subprocess.Popen(
                text.split(),
                cwd=self.folder,
                env=self._variables,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._in_front = True
        self._await_log(command, where)

    def _interrupt(self, command: Command, where: str) -> None:
        assert self._served is not None, where
        self._served.send_signal(signal.SIGINT)
        self._code = self._served.wait(_PATIENCE)
        self._await_log(command, where)

    def _await_log(self, command: Command, where: str) -> None:
        """Waits until the log holds what is shown, or its process has ended without it."""
        served = self._served
        assert served is not None

        def settled() -> bool:
            ended = served.poll() is not None
            return not missing_lines(command.output, self._read_log(), self._names) or ended

        try:
            wait_until(settled, timeout=_PATIENCE, what=where)
        except AssertionError:
            pytest.fail(_differs(where, command, self._read_log()))
        missing = missing_lines(command.output, self._read_log(), self._names)
        assert not missing, _differs(where, command, self._read_log())

    def _read_log(self) -> list[str]:
        return self._log.read_text(errors="replace").splitlines()

    def _end(self) -> None:
        if self._served is not None and self._served.poll() is None:
            self._served.terminate()
            try:
                self._served.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                self._served.kill()
                self._served.wait()
        self._served = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._end()
        if kind is None:
            self._expect_success("the end")


def _differs(where: str, command: Command, printed: list[str]) -> str:
    return "\n".join([where, "--- shown", *command.output, "--- printed", *printed])
