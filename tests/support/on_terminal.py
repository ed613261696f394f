"""A command in the foreground of a real terminal, as a person has it: keys go in, a screen is looked at."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import termios
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from tests.support.command import environment
from tests.support.serving import ROOT

CTRL_C = b"\x03"
CTRL_BACKSLASH = b"\x1c"

_TAKE = 'exec "$@" <"$TEST_TTY" >"$TEST_TTY" 2>"$TEST_TTY"'
"""A session's leader that opens a terminal gets it as its controlling one."""

_PART = re.compile(r"\x1b\[\??([\d;]*)([A-Za-z])|[\r\n]|[^\x1b\r\n]+")


class Terminal:
    """One ``pooljobs`` command; entering starts it, leaving kills what is left of it."""

    def __init__(self, *arguments: str, env: Mapping[str, str], width: int = 200, height: int = 50) -> None:
        self._ours, theirs = os.openpty()
        self._theirs = theirs
        self.resize(width, height)
        os.set_blocking(self._ours, False)
        self._command = ["sh", "-c", _TAKE, "sh", sys.executable, "-m", "pooljobs", *arguments]
        self._env = environment({"TERM": "xterm", "TEST_TTY": os.ttyname(theirs), **env})
        self._printed = b""
        self.process: subprocess.Popen[bytes]

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(self._command, env=self._env, cwd=ROOT, start_new_session=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, _e: BaseException | None, _tb: TracebackType | None) -> None:
        if kind is not None:
            print(*self.screen(), sep="\n")
        self.process.kill()
        self.process.wait()
        os.close(self._ours)
        os.close(self._theirs)

    def resize(self, width: int, height: int = 50) -> None:
        """Gives the terminal so many columns and lines."""
        termios.tcsetwinsize(self._ours, (height, width))

    def press(self, key: bytes) -> None:
        """Types a key."""
        os.write(self._ours, key)

    def _readable(self, seconds: float) -> bool:
        """By poll: select takes no descriptor above 1023, and a process of the suite may have many."""
        waiting = select.poll()
        waiting.register(self._ours, select.POLLIN)
        return bool(waiting.poll(seconds * 1000))

    @property
    def printed(self) -> str:
        """Everything that came out, escape codes included."""
        while self._readable(0):
            self._printed += os.read(self._ours, 1 << 16)
        return self._printed.decode()

    def screen(self) -> list[str]:
        """The lines as a person sees them now: what was written over and wiped away is gone."""
        lines, row, column = [""], 0, 0
        for found in _PART.finditer(self.printed):
            part, line = found[0], lines[row]
            if part == "\n":
                row += 1
                lines += [""] * (row == len(lines))
            elif part == "\r":
                column = 0
            elif found[2] == "K":
                lines[row] = "" if found[1] == "2" else line[:column]
            elif found[2] == "A":
                row = max(0, row - int(found[1] or 1))
            elif not found[2]:
                lines[row] = line[:column].ljust(column) + part + line[column + len(part) :]
                column += len(part)
        return lines

    def ended(self) -> int:
        """Waits for the end, reading on, since a full terminal would keep it; the exit code."""
        while self.process.poll() is None:
            _ = self.printed
            self._readable(0.05)
        return self.process.returncode


class OnTerminal(Terminal):
    """One ``pooljobs serve``."""

    def __init__(self, dsn: str, *options: str, app: str, env: Mapping[str, str], width: int = 200) -> None:
        super().__init__("serve", "--app", app, "--dsn", dsn, *options, env=env, width=width)
