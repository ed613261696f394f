"""Names of job types as the log shows them: they come from whoever enqueues, and may be any text, many, and long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

MOST: Final = 5
"""Names that are shown at once."""

LONGEST: Final = 200
"""Characters shown of one."""


def some(names: Sequence[str]) -> str:
    """The first of the names, quoted, and how many more there are.

    >>> some(["a", "b"])
    "'a', 'b'"
    >>> some(list("abcdefg"))
    "'a', 'b', 'c', 'd', 'e' and 2 more"
    """
    shown = ", ".join(repr(shortened(name)) for name in names[:MOST])
    return shown if len(names) <= MOST else f"{shown} and {len(names) - MOST} more"


def shortened(name: str) -> str:
    """The name, or the beginning of a long one."""
    return name if len(name) <= LONGEST else f"{name[:LONGEST]}…"
