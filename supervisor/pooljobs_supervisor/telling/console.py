"""Where commands print: results on stdout, everything about them on stderr, so that stdout can be piped."""

from __future__ import annotations

import os
import sys
from typing import Final

import orjson
from rich.console import Console, RenderableType
from rich.text import Text

from pooljobs.exit_codes import ExitCode

_PIPED_WIDTH: Final = 250
"""Columns of a table that is not printed on a terminal: wide enough to cut nothing."""


def emit(renderable: RenderableType) -> None:
    """Print a result. Data must come as ``Text`` or in cells of it: a plain string's brackets would be markup."""
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else _PIPED_WIDTH
    console = Console(width=width, highlight=False)
    with console.capture() as captured:
        console.print(renderable, soft_wrap=isinstance(renderable, Text))
    write("\n".join(line.rstrip() for line in captured.get().split("\n")))


def emit_json(value: object) -> None:
    """Print a result as JSON: indented on a terminal, on one line otherwise."""
    options = orjson.OPT_INDENT_2 if sys.stdout.isatty() else 0
    write(orjson.dumps(value, default=str, option=options | orjson.OPT_UTC_Z).decode() + "\n")


def write(text: str) -> None:
    """Write to stdout. When nobody reads on (``| head``), the command ends there, successfully and silently."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the interpreter flushes once more at its exit
        raise SystemExit(ExitCode.OK) from None


def say(text: str, *, style: str = "dim") -> None:
    """Tell a person something beside the result, on stderr."""
    Console(stderr=True, highlight=False).print(Text(text, style=style), soft_wrap=True)


def say_error(text: str, hint: str | None) -> None:
    """Tell what is wrong and what to do, on stderr, red on a terminal."""
    console = Console(stderr=True, highlight=False)
    console.print(Text.assemble(("error: ", "bold red"), text), soft_wrap=True)
    if hint:
        console.print(Text.assemble(("hint: ", "bold"), hint), soft_wrap=True)
