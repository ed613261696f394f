"""What the help of a command tells beside its parameters. How it looks: ``help_layout.py``, imported to show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Rows = Sequence[tuple[str, str]]
"""Names, and what they mean."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HelpPage:
    """What is told of a command beside its parameters.

    Attributes:
        summary: A sentence, shown in the list of commands too.
        more: Further paragraphs.
        steps: Command lines to begin with, and what each does.
        examples: Command lines to copy.
        codes: Exit codes, and what they mean.
        closing: A last line.
    """

    summary: str
    more: str = ""
    steps: Rows = ()
    examples: Sequence[str] = ()
    codes: Sequence[tuple[int, str]] = ()
    closing: str = ""
