"""A name stands for one thing: no file and no public class is named as another one. And the glossary is a short one."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SAME_EVERYWHERE = {"__init__.py", "__main__.py", "main.py"}
"""Names that mean the same in each package."""

DJANGOS = ("contrib/django/models.py", "contrib/django/management/commands/pooljobs.py")
"""Django looks for them, and for a class in them, by these names."""

MOST_TERMS = 40


def sources() -> Iterator[Path]:
    for root in ("shared", "worker", "supervisor"):
        found = (path for path in (ROOT / root).rglob("*.py") if "egg-info" not in path.parts)
        yield from (path for path in found if not str(path).endswith(DJANGOS))


def twice(names: Iterator[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def test_no_two_files_have_one_name() -> None:
    assert twice(path.name for path in sources() if path.name not in SAME_EVERYWHERE) == []


def test_no_two_public_classes_have_one_name() -> None:
    classes = (
        node.name
        for path in sources()
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert twice(classes) == []


def test_the_glossary_is_short_and_says_each_word_once() -> None:
    terms = re.findall(r"^\| ([^|]+) \|", (ROOT / "GLOSSARY.md").read_text(), re.MULTILINE)[1:]
    assert len(terms) <= MOST_TERMS
    assert terms == sorted(terms)
    assert twice(word for term in terms for word in term.split(", ")) == []
