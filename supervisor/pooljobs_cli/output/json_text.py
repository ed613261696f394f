"""JSON as people may read it, from its text alone: numbers of any length stay as they are, and none is too deep. Pure.

A job that failed for its strange payload is looked at here, so nothing of it may be built.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import Final

from pooljobs.job.secret_values import MASK

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+', re.DOTALL)
_OPENING: Final = frozenset("[{")
_CLOSING: Final = frozenset("]}")
_ENDING: Final = frozenset("[{,")
"""Of a line."""

_DEEPEST: Final = 20
"""Levels that begin lines of their own; what is deeper stays in one line, for the indents would be most of the text."""


def masked(document: str, names: Collection[str]) -> str:
    """An object's text with a mask in the place of the values of these fields of it, whatever they hold."""
    return "".join(_without(document, names)) if names else document


def indented(document: str, level: int = 0) -> str:
    """A valid document with two blanks a level, ``level`` of them before all lines but the first."""
    return "".join(_parts(document, level))


def _parts(document: str, level: int) -> Iterator[str]:
    depth, before = 0, ""
    for found in _TOKEN.finditer(document):
        token = found[0]
        depth -= token in _CLOSING
        if before in _OPENING and token in _CLOSING:
            pass  # an empty one
        elif before in _ENDING or token in _CLOSING:
            deep = depth + (token in _CLOSING) > _DEEPEST
            yield ("\n" + "  " * (level + depth)) if not deep else " " if before == "," else ""
        elif before == ":":
            yield " "
        yield token
        depth += token in _OPENING
        before = token


def _without(document: str, names: Collection[str]) -> Iterator[str]:
    depth, before, hidden, end = 0, "", False, 0
    for found in _TOKEN.finditer(document):
        token = found[0]
        depth -= token in _CLOSING
        if (depth, token) in ((1, ","), (0, "}")):
            hidden = False
        if not hidden:
            yield document[end : found.end()]
        end = found.end()
        if (depth, token) == (1, ":") and json.loads(before) in names:
            hidden = True
            yield f' "{MASK}"'
        depth += token in _OPENING
        before = token
