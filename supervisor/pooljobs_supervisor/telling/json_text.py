"""JSON as people read it, from its text alone: numbers of any length stay as they are, and no depth is too deep. Pure.

A job that failed for its strange payload is looked at here, so nothing of it may be built.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+', re.DOTALL)
_OPENING: Final = frozenset("[{")
_CLOSING: Final = frozenset("]}")
_ENDING: Final = frozenset("[{,")
"""Of a line."""

_DEEPEST: Final = 20
"""Levels that begin lines of their own; what is deeper stays in one line, for the indents would be most of the text."""


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
