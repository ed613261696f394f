"""The help of a command, as text: whole names of options at any width, under headings, and no line that is too long.

Commands and parameters are typer's, whose types are click's or its own copy of them: by version.
"""

from __future__ import annotations

import os
import re
import shutil
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pooljobs_cli.help_names import as_called
from pooljobs_cli.help_page import HelpPage, Rows
from pooljobs_cli.output.console import Style, styled_for_stdout

_OPTIONS: Final = "Options"
"""The heading of options that name none."""

_NARROWEST: Final = 40
"""Columns: in fewer the longest names would not be whole."""

_WIDEST: Final = 120
"""Longer lines are hard to read."""

_NAMES_WIDTH: Final = 30
"""Names that are longer have a line of their own."""

_SIDE_BY_SIDE: Final = 64
"""Columns from which on names and what they do stand in one line."""

_FEW_VARIABLES: Final = 2
_EXAMPLE_VARIABLES: Final = (
    "POOLJOBS_PROCS=8 stands for --procs 8 where that is not given, and so it is with every option: "
    "POOLJOBS_QUEUES=default,emails, POOLJOBS_PRELOAD=yes."
)

_GLUE: Final = "\0"
"""A blank at which no line is broken."""

_QUOTED: Final = re.compile(r"""'[^']*'|"[^"]*\"""")

_HEADING: Final[Style] = "bold"


def page_of(command: Any, ctx: Any, page: HelpPage) -> str:
    """The help, for the terminal's width."""
    page = as_called(page, ctx.find_root().command_path)
    width = _width()
    usage = usage_of(command, ctx).replace("Usage:", _heading("Usage"), 1)
    more = page.more.split("\n\n") if page.more else []
    parts = [_paragraph(page.summary, width), usage, *(_paragraph(each, width) for each in more)]
    if page.examples:
        shown = (line for example in page.examples for line in _broken(example, width))
        parts.append("\n".join([_heading("Examples"), *shown]))
    panels = _panels(command, ctx)
    column = _column([row for rows in panels.values() for row in rows], width)  # one for all of them
    by_place = [("First steps", page.steps), ("Commands", _summaries(command)), ("Arguments", _arguments(command))]
    parts += [
        *(_section(title, rows, width) for title, rows in by_place if rows),
        *(_section(title, rows, width, column) for title, rows in panels.items()),
    ]
    if variables := _variables(command.params):
        parts.append(_paragraph(variables, width))
    if page.codes:
        parts.append(_section("Exit codes", [(f"{code:<2}", meaning) for code, meaning in page.codes], width))
    if page.closing:
        parts.append(_paragraph(page.closing, width))
    return "\n\n".join(parts)


def usage_of(command: Any, ctx: Any) -> str:
    """How it is called, with what must be given."""
    words = [ctx.command_path]
    words += [f"{each.opts[0]} {each.metavar}" for each in _of("option", command.params) if _asked(each)]
    words += [_placed(each) for each in _of("argument", command.params)]
    words += ["[OPTIONS]", *(["COMMAND …"] if _summaries(command) else [])]
    return "Usage: " + "\n       ".join(_wrapped(" ".join(words), _width() - 7))


def _asked(option: Any) -> bool:
    """Whether it must be given: of a project's own command, its environment says what must."""
    return option.required and not (option.envvar and os.environ.get(option.envvar))


def _placed(argument: Any) -> str:
    name = f"{argument.metavar}…" if argument.nargs == -1 else str(argument.metavar)
    return name if argument.required else f"[{name}]"


def _summaries(command: Any) -> Rows:
    """What each command under it does, in a line."""
    return [(name, each.help or "") for name, each in getattr(command, "commands", {}).items()]


def _arguments(command: Any) -> Rows:
    return [(each.metavar or "", each.help) for each in _of("argument", command.params)]


def _panels(command: Any, ctx: Any) -> Mapping[str, Rows]:
    """Options by their panels, in the order in which these occur; what every command has comes last."""
    panels: dict[str, list[tuple[str, str]]] = {}
    for each in _of("option", command.get_params(ctx)):
        panel = getattr(each, "rich_help_panel", None) or _OPTIONS
        panels.setdefault(panel, []).append((_names(each), _told(each)))
    panels[_OPTIONS] = panels.pop(_OPTIONS)
    return panels


def _variables(parameters: list[Any]) -> str:
    """How options are given by the environment: one by one where they are few, else by examples."""
    named = sorted((each.envvar, each.opts[0]) for each in parameters if each.envvar)
    if len(named) > _FEW_VARIABLES:
        return _EXAMPLE_VARIABLES
    return " ".join(f"{variable} stands for {option} where that is not given." for variable, option in named)


def _of(kind: str, parameters: list[Any]) -> list[Any]:
    return [each for each in parameters if each.param_type_name == kind]


def _names(option: Any) -> str:
    names = ", ".join(sorted([*option.opts, *option.secondary_opts], key=lambda name: not name.startswith("--")))
    return names if option.is_flag else f"{names} {option.metavar}"


def _told(option: Any) -> str:
    told = str(option.help)
    if _asked(option):
        return f"{told} Required."
    default = option.show_default if isinstance(option.show_default, str) else _default(option)
    return f"{told} [default:{_GLUE}{default}]" if default else told


def _default(option: Any) -> str:
    value = option.default
    if option.is_flag:
        names = option.opts if value else option.secondary_opts
        return names[0].lstrip("-") if option.secondary_opts else ""
    if isinstance(value, float):
        return f"{value:g}"
    return str(value) if isinstance(value, (int, str)) and option.show_default else ""


def _section(title: str, rows: Rows, width: int, column: int | None = None) -> str:
    """Names on the left, what they mean on the right; beneath each other where there is no room for both."""
    lines, column = [_heading(title)], column or _column(rows, width)
    for name, told in rows:
        beneath = _wrapped(told, width - column)
        beside = beneath.pop(0) if len(name) + 4 <= column else ""
        lines.append(f"  {name}".ljust(column) + beside if beside else f"  {name}")
        lines += (" " * column + line for line in beneath)
    return "\n".join(lines)


def _column(rows: Rows, width: int) -> int:
    """Where the right one begins."""
    return min(max(len(name) for name, _ in rows), _NAMES_WIDTH) + 4 if width >= _SIDE_BY_SIDE else 6


def _wrapped(text: str, width: int) -> list[str]:
    lines = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
    return [line.replace(_GLUE, " ") for line in lines]


def _broken(example: str, width: int) -> Iterator[str]:
    """A command line that can be copied though it takes several: all but the last end with a backslash."""
    bound = _QUOTED.sub(lambda quoted: quoted[0].replace(" ", _GLUE), example)
    lines = [example] if len(example) + 2 <= width else _wrapped(bound, width - 6)
    for number, line in enumerate(lines):
        yield ("  " if number == 0 else "    ") + line + (" \\" if number < len(lines) - 1 else "")


def _paragraph(text: str, width: int) -> str:
    return "\n".join(_wrapped(text, width))


def _heading(text: str) -> str:
    return styled_for_stdout(f"{text}:", _HEADING)


def _width() -> int:
    return min(max(shutil.get_terminal_size().columns, _NARROWEST), _WIDEST)
