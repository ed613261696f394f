"""ARCHITECTURE.md's list of what could go wrong: every row names its tests, and every test that it names is there."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.docs.blocks import ROOT
from tests.docs.test_architecture import rows

HEADINGS = ("### Who holds a job", "### Statements", "### Processes", "### Blame, limits, calls and replacements")
ROWS = [row for heading in HEADINGS for row in rows(heading)]


@cache
def functions_of(path: str) -> frozenset[str]:
    """Names of the test functions of a file."""
    body = ast.parse((ROOT / path).read_text()).body
    return frozenset(node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row[0])[:60])
def test_a_row_names_what_closes_it_and_tests_that_exist(row: list[str]) -> None:
    hazard, closed, shown = row
    assert hazard
    assert closed
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", shown)
    assert named, "no test"
    assert len(named) == shown.count("`") // 2, "something else than tests"
    for path, name in named:
        assert (ROOT / path).is_file(), path
        assert name in functions_of(path), f"{path}::{name}"


def test_the_list_is_not_empty() -> None:
    assert len(ROWS) > 30
