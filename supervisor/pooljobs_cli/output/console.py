"""Where commands print: results on stdout, everything about them on stderr, so that stdout can be piped.

Types, queues, reasons, errors and payloads are somebody else's text. ``line``, ``lines`` and ``block`` make harmless
what is known to come from a row or an exception, and keep a table's rows in their lines; what is printed without them
loses its escapes here all the same. Nobody else prints: ruff's list of banned names (pyproject.toml) says so.

Rich is imported by what draws a table or a bar: many a command prints an id, or JSON, and ends.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Final, Literal, TextIO

import orjson

from pooljobs.escaping import ascii_json, escaped, escaped_json, escaped_lines
from pooljobs.exit_codes import ExitCode
from pooljobs.process.colour import wants_colour
from pooljobs_cli.output.calling_name import as_typed
from pooljobs_cli.output.json_text import indented

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.live import Live
    from rich.segment import Segment
    from rich.text import Text

Style = Literal["", "dim", "bold", "bold red", "warning"]

_CODES: Final[dict[Style, str]] = {"dim": "2", "bold": "1", "bold red": "1;31", "warning": "35"}
"""What terminals call them; of the sixteen colours those that can be read on light and on dark."""

_FOR_PROGRAMS: Final = ContextVar("_FOR_PROGRAMS", default=False)
"""Whether a program reads what this command tells, since it was called with ``--json``."""

_INDENT: Final = "  "
"""Before the further lines of what is told: none looks like an error, or a record of the log, of its own."""

_PIPED_WIDTH: Final = 250
"""Columns of a table that is not printed on a terminal: wide enough to cut nothing."""


def line(text: object, style: str = "") -> Text:
    """A cell, or any other text that is to be one line."""
    from rich.text import Text

    return Text(escaped(str(text)), style)


def lines(texts: Iterable[object], style: str = "") -> Text:
    """A line for each of them."""
    from rich.text import Text

    return Text("\n".join(escaped(str(text)) for text in texts), style)


def block(text: str) -> Text:
    """Text that has lines of its own."""
    from rich.text import Text

    return Text(escaped_lines(text))


def cell(text: object, style: str = "") -> Text:
    """As ``line``; what stdout has no characters for is escaped too, so that the cell is as wide as it is counted."""
    from rich.text import Text

    encoding = sys.stdout.encoding
    return Text(escaped(str(text)).encode(encoding, "backslashreplace").decode(encoding), style)


def joined(texts: Iterable[Text], between: str) -> Text:
    """Texts that were made here, with something of ours between each two of them."""
    from rich.text import Text

    return Text(between).join(texts)


def cut(text: Text, width: int) -> Text:
    """The text in so many columns exactly, with an ellipsis where it is longer, if stdout has one."""
    text = text.copy()
    text.truncate(width, overflow="ellipsis" if _is_unicode(sys.stdout) else "crop", pad=True)
    return text


def output_width() -> int | None:
    """Columns of the terminal that results are printed on, or as ``COLUMNS`` says; None where nothing need be cut."""
    return get_terminal_size().columns if sys.stdout.isatty() or "COLUMNS" in os.environ else None


def output_height() -> int:
    """Lines of that terminal, or of a usual one."""
    return get_terminal_size().lines


def emit(renderable: RenderableType) -> None:
    """Print a result. Data must come as ``Text`` or in cells of it: a plain string's brackets would be markup."""
    from rich.console import Console

    told = _rendered(renderable, Console(width=output_width() or _PIPED_WIDTH, highlight=False))
    write("\n".join(each.rstrip() for each in told.split("\n")))


def emit_lines(texts: Iterable[object]) -> None:
    """Print a result of a line each, which needs no rich."""
    write("".join(f"{escaped(str(text))}\n" for text in texts))


def emit_json(value: object, *, one_line: bool = False) -> None:
    """Print a result as JSON: indented on a terminal, unless told otherwise, on one line elsewhere."""
    options = orjson.OPT_INDENT_2 if sys.stdout.isatty() and not one_line else 0
    document = escaped_json(orjson.dumps(value, default=str, option=options | orjson.OPT_UTC_Z).decode())
    write((document if _is_unicode(sys.stdout) else ascii_json(document)) + "\n")


def raw_json(document: str) -> orjson.Fragment:
    """A member of what ``emit_json`` prints that is JSON already."""
    return orjson.Fragment(indented(document, 1) if sys.stdout.isatty() else document)


def write(text: str) -> None:
    """Write to stdout; where that is not taken, the command ends (``streams.py``)."""
    sys.stdout.write(text)
    sys.stdout.flush()


@contextmanager
def for_programs() -> Iterator[None]:
    """Within it errors are told as JSON, and what only people need to know is not told at all."""
    before = _FOR_PROGRAMS.set(True)
    try:
        yield
    finally:
        _FOR_PROGRAMS.reset(before)


def say(text: str, *, style: Style = "dim") -> None:
    """Tell a person something beside the result, on stderr; in another style than ``dim`` a program's owner too."""
    if style != "dim" or not _FOR_PROGRAMS.get():
        _say((escaped_lines(text, _INDENT), style))


def say_error(text: str, hint: str | None, code: ExitCode, *, traceback: str | None = None) -> None:
    """Tell what is wrong and what to do, on stderr: with a red word on a terminal, or as one JSON object.

    Args:
        text: What is wrong.
        hint: What to do about it. Commands of ours in it are told as they are typed here.
        code: What the command is about to end with.
        traceback: Where it came from, if that is to be shown.
    """
    hint = hint and as_typed(hint)
    if _FOR_PROGRAMS.get():
        told = {"error": text, "hint": hint, "exit_code": int(code)} | ({"traceback": traceback} if traceback else {})
        _say((ascii_json(escaped_json(orjson.dumps(told).decode())), ""))
        return
    if traceback:
        _say((escaped_lines(traceback, _INDENT), ""))
    _say(("error: ", "bold red"), (escaped_lines(text, _INDENT), ""))
    if hint:
        _say(("hint: ", "bold"), (escaped_lines(hint, _INDENT), ""))


def styled_for_stdout(text: str, style: Style) -> str:
    """With its style, where stdout is a terminal that shows any."""
    return _styled(text, style, sys.stdout)


def progress_console() -> Console:
    """For a bar of rich's, on stderr."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


class InPlace:
    """A result on a terminal that is printed over by the next one."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def show(self, text: Text) -> None:
        """Print it in the place of the one before."""
        with _unbroken():
            self._live.update(_Harmless(text), refresh=True)

    def tell(self, text: Text) -> None:
        """Print it above, where it stays."""
        with _unbroken():
            self._live.console.print(_Harmless(text))


@contextmanager
def in_place() -> Iterator[InPlace]:
    """Results on stdout, the last of which stays; the cursor is hidden meanwhile."""
    from rich.console import Console
    from rich.live import Live

    console = Console(highlight=False)
    with Live(console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False) as live:
        yield InPlace(live)


@contextmanager
def _unbroken() -> Iterator[None]:
    """Ctrl-C comes afterwards: half of what is printed over is no longer known to be there, and stays."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Harmless:
    """What is printed, without what a terminal would obey; styles are put on afterwards."""

    def __init__(self, renderable: RenderableType) -> None:
        self._renderable = renderable

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        from rich.segment import Segment

        for segment in console.render(self._renderable, options):
            yield Segment(escaped_lines(segment.text), segment.style)


def _say(*parts: tuple[str, Style]) -> None:
    """Each with its style."""
    sys.stderr.write("".join(_styled(text, style, sys.stderr) for text, style in parts) + "\n")
    sys.stderr.flush()


def _styled(text: str, style: Style, stream: TextIO) -> str:
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if style and wants_colour(stream) else text


def _rendered(renderable: RenderableType, console: Console) -> str:
    from rich.text import Text

    with console.capture() as captured:
        console.print(_Harmless(renderable), soft_wrap=isinstance(renderable, Text))
    return captured.get()


def _is_unicode(stream: TextIO) -> bool:
    return stream.encoding.lower().replace("-", "").startswith("utf")
