r"""Text that somebody else wrote, on its way to a terminal or into a log: made harmless here, and nowhere else.

Whoever may enqueue chooses types, queues, trace ids and payloads, and handlers raise what they like. Raw, such text
moves the cursor, retitles the window, hides what it says (bidirectional controls) or looks like a record of the log.

What ``repr`` would not show as it is, is escaped as there: control characters, DEL, format characters (bidirectional
and without width), the line and paragraph separators, halves of surrogate pairs, what has no meaning yet. Blanks of
other scripts stay. Backslashes are not doubled: this is for reading, and nothing is made of it again.
"""

from __future__ import annotations

from typing import Final
from unicodedata import category

_BLANK: Final = "Zs"


def escaped(text: str) -> str:
    r"""``text`` in one line.

    >>> print(escaped("a\x1b[2J\n\x85\u202eb\ud800 \xe9"))
    a\x1b[2J\n\x85\u202eb\ud800 é
    """
    return text if text.isprintable() else "".join(c if _harmless(c) else _escape(c) for c in text)


def escaped_lines(text: str, indent: str = "") -> str:
    r"""``text`` with its own line breaks, each followed by ``indent``; tabs become blanks.

    >>> print(escaped_lines("a\r\n\x1b[2J\vb", "  "))
    a
      \x1b[2J\x0bb
    """
    lines = text.replace("\r\n", "\n").split("\n")
    return f"\n{indent}".join(escaped(line.expandtabs()) for line in lines)


def escaped_json(document: str) -> str:
    r"""A JSON document, each string of which keeps its value: what ``escaped`` would escape is escaped as JSON does.

    >>> print(escaped_json('{\n"a": "\x7f\u202e\U000e0001"}'))
    {
    "a": "\u007f\u202e\udb40\udc01"}
    """
    if document.isprintable():
        return document
    return "\n".join(
        line if line.isprintable() else "".join(c if _harmless(c) else _json_escape(c) for c in line)
        for line in document.split("\n")
    )


def ascii_json(document: str) -> str:
    r"""A JSON document in ASCII, for streams that have no other characters; each string keeps its value.

    >>> ascii_json('"\xe9\U0001f600"')
    '"\\u00e9\\ud83d\\ude00"'
    """
    return document if document.isascii() else "".join(c if c.isascii() else _json_escape(c) for c in document)


def _harmless(character: str) -> bool:
    return character.isprintable() or category(character) == _BLANK


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
