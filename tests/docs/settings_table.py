"""The table of docs/running.md that says what ``serve`` can be told: made of the settings, by ``make docs``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import MISSING, Field
from typing import Any

from pooljobs.settings.setting import about
from pooljobs.settings.variables import every_setting, variable_of
from tests.docs.blocks import ROOT

PAGE = ROOT / "docs/running.md"

_PLACE = re.compile(r"(?s)(<!-- The table is made of the settings: .*? -->\n).*?(<!-- end of the table -->)")


def generate() -> str:
    """The document with the table as it is now."""
    rows = "".join(f"| {' | '.join(cells)} |\n" for cells in _rows())
    made, times = _PLACE.subn(lambda found: found[1] + rows + found[2], PAGE.read_text())
    assert times == 1
    return made


def option_of(each: Field[Any]) -> str:
    """How it is given on the command line."""
    name = each.name.replace("_", "-")
    return f"`--{name}`, `--no-{name}`" if each.default is True else f"`--{name}`"


def default_of(each: Field[Any]) -> str:
    """What holds where nothing is given."""
    known = about(each)
    if known.by_app or each.default is None:
        return known.usual
    if isinstance(each.default, bool):
        return each.name if each.default else "off"
    if isinstance(each.default, int | float):
        return f"{each.default:.10g}"
    return f"`{each.default}`" if each.default and each.default is not MISSING else ""


def values_of(each: Field[Any]) -> str:
    """What may be given."""
    known = about(each)
    words = ("true", "false") if each.type == "bool" and not known.variable else known.choices
    return known.range if known.least is not None else ", ".join(f"`{word}`" for word in words)


def _rows() -> Iterator[tuple[str, ...]]:
    yield "Option and variable", "Default", "Values", ""
    yield ("---",) * 4
    for each in every_setting():
        yield f"{option_of(each)}<br>`{variable_of(each)}`", default_of(each), values_of(each), about(each).docs
