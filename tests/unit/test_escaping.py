"""Somebody else's text on its way to a terminal or a log; and that nobody prints past it."""

from __future__ import annotations

import ast
import doctest
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from unicodedata import category

import pytest

from pooljobs import escaping
from pooljobs.escaping import ascii_json, escaped, escaped_json, escaped_lines
from tests.support.hostile_text import HOSTILE, harm

ROOT = Path(__file__).parent.parent.parent
PRINTER = ROOT / "supervisor/pooljobs_cli/output/console.py"


def test_the_examples_hold() -> None:
    assert doctest.testmod(escaping) == (0, 4)


def test_no_character_is_left_that_does_more_than_be_seen() -> None:
    for number in range(sys.maxunicode + 1):
        character = chr(number)
        if category(character) == "Zs" or character.isprintable():
            assert escaped(character) == character
        else:
            assert escaped(character).isascii(), hex(number)
            assert escaped(character).isprintable(), hex(number)


@pytest.mark.parametrize("text", ["", "größe 数", "a b　c", "C:\\new\\x1b", "👍🏽"])
def test_what_is_harmless_stays(text: str) -> None:
    assert escaped(text) == escaped_lines(text) == text


def test_lines_are_kept_where_they_are_wanted_and_none_begins_in_the_first_column() -> None:
    assert harm(HOSTILE) != []
    first, *rest = escaped_lines(HOSTILE, "  ").split("\n")
    assert (len(rest), harm("\n".join([first, *rest]))) == (2, [])
    assert all(line.startswith("  ") for line in rest)
    assert "\n" not in escaped(HOSTILE)


@pytest.mark.parametrize("text", [HOSTILE, "\U000e0041", "é\U0001f600"])
def test_json_keeps_its_values(text: str) -> None:
    document = json.dumps({text: [text]}, ensure_ascii=False, indent=2)
    assert json.loads(escaped_json(document)) == json.loads(ascii_json(document)) == {text: [text]}
    assert harm(escaped_json(document)) == []
    assert ascii_json(document).isascii()


def _calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
            if called == name:
                yield node


@pytest.mark.hazard("Text of whoever may enqueue reaches the terminal as escapes")
@pytest.mark.parametrize("path", sorted((ROOT / "supervisor").rglob("*.py")), ids=lambda path: path.stem)
def test_no_printer_makes_text_of_its_own(path: Path) -> None:
    """What else would print past it is among ruff's banned names."""
    tree = ast.parse(path.read_text())
    if path != PRINTER:
        assert [call.lineno for call in _calls(tree, "Text")] == [], "make it by console.line, lines or block"
    for row in _calls(tree, "add_row"):
        formatted = [cell for cell in row.args if isinstance(cell, ast.Subscript | ast.Attribute)]
        assert formatted == [], f"line {row.lineno}: a row's own text goes into a cell by console.line"
