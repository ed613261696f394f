"""A terminal for documents: carries out their blocks in a directory of its own and compares what is printed.

``pooljobs serve`` runs on in the background until the document interrupts it (``^C``) or starts another. Commands
that only look are tried again until they show what the document shows: the workers may not be there yet.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
import pytest

from tests.docs.blocks import INTERRUPT, Block, Command, commands
from tests.docs.matching import Names, output_matches, with_names
from tests.docs.served import PATIENCE, Served, differs
from tests.support.command import environment
from tests.support.database_url import as_url, libpq_variables
from tests.support.waiting import wait_until

NOT_RUN_HERE = (
    r"git clone .+",
    r"cd (pooljobs|\.\./shop)",
    r"python3 -m venv .+",
    r"\. .+/bin/activate",
    r"make \w+",
    r"pip install .+",
    r"python -m bench\.drain.*",
)
"""Commands that would fetch, install, or run this very test. Another test looks that the Makefile has the targets."""

_LOOKS = re.compile(r"pooljobs ((jobs|queues|types) list|jobs show|stats)\b")
_FILE = re.compile(r"# (?:(?P<added>add to) )?(?P<name>[\w/]+\.(?:py|ini))\b")
_NOTE = "no database is named"


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
        self._served: Served | None = None
        self._in_front = False
        self._log = folder / "serve.log"

    def run(self, block: Block) -> None:
        """Carries out a block; fails the test if anything differs from what it shows."""
        if block.language == "python":
            self._write(block)
        elif block.language == "ini" and _FILE.match(block.text):
            self._configure_tests(block)
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

    def _configure_tests(self, block: Block) -> None:
        """Tests are to come: on the server that is there, and without what is installed here and not told of."""
        self._write(block)
        self._variables |= {"POOLJOBS_TEST_DSN": self._dsn, "PYTEST_ADDOPTS": "-p no:asyncio"}

    def _query(self, block: Block) -> None:
        """Runs statements in one transaction; comments at the end show the last one's rows."""
        code, _, shown = block.text.partition("\n-- ")
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            cursor = connection.execute(code.encode())
            while cursor.nextset():
                pass
            if shown:
                expected = [line.removeprefix("-- ").strip() for line in shown.splitlines()]
                assert [_row(row) for row in cursor.fetchall()] == expected, f"line {block.line}"

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
        if name == "PGHOST":
            self._variables |= libpq_variables(self._dsn)
            return
        assert name == "DATABASE_URL", where
        assert value.startswith("postgresql://"), where
        self._variables[name] = as_url(self._dsn)

    def _tell_code(self, command: Command, where: str) -> None:
        """The exit code of the last command; of one that ends by itself, it is waited for."""
        if self._in_front and self._served is not None:
            self._code = self._served.wait()
        assert command.output[:1] == (str(self._code),), f"{where}: exit code {self._code}"
        self._code = 0

    def _ordinary(self, text: str, command: Command, where: str) -> None:
        self._expect_success(where)
        self._in_front = False
        if not _LOOKS.match(text):
            printed = self._execute(text)
            assert output_matches(command.output, printed, self._names), differs(where, command.output, printed)
            return
        printed = []

        def shown() -> bool:
            printed[:] = self._execute(text)
            return output_matches(command.output, printed, self._names)

        try:
            wait_until(shown, timeout=PATIENCE, what=where)
        except AssertionError:
            pytest.fail(differs(where, command.output, printed))

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
        self._served = Served(text, self.folder, self._variables)
        self._in_front = True
        self._served.await_log(command.output, self._names, where)

    def _interrupt(self, command: Command, where: str) -> None:
        assert self._served is not None, where
        self._code = self._served.interrupt()
        self._served.await_log(command.output, self._names, where)

    def _end(self) -> None:
        if self._served is not None:
            self._served.end()
            self._served = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._end()
        if kind is None:
            self._expect_success("the end")


def _row(row: tuple[Any, ...]) -> str:
    return " | ".join("null" if value is None else str(value) for value in row)
