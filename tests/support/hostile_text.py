"""Text as an attacker who may enqueue writes it, and what must not be left of it where people read."""

from __future__ import annotations

import re
from unicodedata import category

FORGED = "09:00:00.000 INFO  supervisor stopped (ok)"
"""Looks like a record of the log."""

HOSTILE = f"x\x1b]0;P\x07\x1b[2J\x7f\x9b31m\u202e\u2028\u2029\x85\u200b\ufeff\v\r\n{FORGED}\n\r{FORGED}\tz"


def harm(text: str) -> list[str]:
    """Characters that a terminal or a reader of lines obeys, and lines that look like records."""
    obeyed = {c for c in text if not c.isprintable() and c != "\n" and category(c) != "Zs"}
    return [*sorted(map(repr, obeyed)), *re.findall(f"^{re.escape(FORGED)}", text, re.MULTILINE)]
