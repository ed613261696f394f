"""docs/internals/hazards.md: what could go wrong, collected from the tests that show that it does not.

A hazard is told once, at the test that shows it best, with what closes it and its area::

    @pytest.mark.hazard("Two workers take the same job", closed="SKIP LOCKED in `claim.sql`", area="claims")

Further tests that show it name it by how its text begins: ``@pytest.mark.hazard("Two workers take")``. Files are read
and not imported, so that this needs no database.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.docs.blocks import ROOT

PAGE = ROOT / "docs/internals/hazards.md"

AREAS: Mapping[str, str] = {
    "ownership": "Who holds a job",
    "claims": "Claims, queues and batches",
    "waking": "Waking",
    "enqueueing": "Enqueueing and payloads",
    "results": "Results, and who waits for them",
    "statements": "Statements, plans and tables",
    "chores": "The steward's chores",
    "schedules": "Schedules",
    "rows": "Rows, errors and settings of others",
    "processes": "Processes and signals",
    "preloading": "Preloading and reloading",
    "blame": "Blame and limits",
    "versions": "Versions, and jobs that nobody knows",
    "output": "What is printed and logged",
    "database": "Databases, schemas, and what is dropped",
}
"""The areas that a marker may name, with their headings, in the order of the page."""

_HEAD = """# What could go wrong

And the test that shows that it does not: it fails where the hole is open. Each was met in an experiment, in another
system, or in thought. This page is made by `make docs` from the tests' `hazard` markers (`tests/docs/hazards.py`).

Whoever may insert into `live` can write what no code of ours makes. No CHECK keeps it out there: a CHECK is read and
prepared anew by each statement (three of them on names made a single insert 15 % slower, nine on numbers 60 %), and a
counter at its bound is counted on by the next run. So each statement is written such that no value makes it fail:
counters end at their type's end, times are subtracted as numbers (`date_part`), and of a name or an error no more is
read than pooljobs would store.
"""


@dataclass(frozen=True)
class Marker:
    """One ``hazard`` marker, and its test. ``closed`` and ``area`` are empty where it only refers to another."""

    what: str
    closed: str
    area: str
    test: str


@dataclass
class Hazard:
    """What could go wrong, where that is closed, and the tests that show it."""

    what: str
    closed: str
    area: str
    tests: list[str] = field(default_factory=list)


def markers_of(text: str, path: str) -> Iterator[Marker]:
    """The markers of a file of tests. Raises ValueError for one that is not as it should be."""
    for function in ast.parse(text).body:
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for mark in reversed(function.decorator_list):
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.hazard":
                    yield _marker(mark, f"{path}::{function.name}")


def _marker(mark: ast.Call, test: str) -> Marker:
    try:
        (what,) = [ast.literal_eval(value) for value in mark.args]
        named = {str(keyword.arg): str(ast.literal_eval(keyword.value)) for keyword in mark.keywords}
    except ValueError:
        raise ValueError(f"{test}: a hazard is one text, with closed= and area= or alone") from None
    if named and set(named) != {"closed", "area"}:
        raise ValueError(f"{test}: a hazard has closed= and area=, or neither if it is told at another test")
    if named and named["area"] not in AREAS:
        raise ValueError(f"{test}: there is no area {named['area']!r}; there are: {', '.join(AREAS)}")
    return Marker(what, named.get("closed", ""), named.get("area", ""), test)


def hazards(markers: Iterable[Marker]) -> list[Hazard]:
    """The hazards, each with its tests. Raises ValueError for a marker that names none, or more than one."""
    every = list(markers)
    told = [Hazard(one.what, one.closed, one.area, [one.test]) for one in every if one.area]
    for one in every:
        found = [hazard for hazard in told if hazard.what.startswith(one.what)]
        if len(found) != 1:
            problem = "no hazard begins" if not found else f"{len(found)} hazards begin"
            raise ValueError(f"{one.test}: {problem} with {one.what!r}; one of them needs closed= and area=")
        if not one.area:
            found[0].tests.append(one.test)
    return told


def page(found: Iterable[Hazard]) -> str:
    """The text of the page."""
    every = sorted(found, key=lambda hazard: hazard.what)
    parts = [_HEAD]
    for area, heading in AREAS.items():
        table = ["| What | Where it is closed | Shown by |", "|---|---|---|"]
        table += [_row(hazard) for hazard in every if hazard.area == area]
        parts.append("\n".join([f"## {heading}\n", *table, ""]))
    return "\n".join(parts)


def _row(hazard: Hazard) -> str:
    first, *others = hazard.tests
    what, closed = (text.replace("|", "\\|") for text in (hazard.what, hazard.closed))
    return f"| {what} | {closed} | {'; '.join(f'`{test}`' for test in [first, *sorted(others)])} |"


def generate() -> str:
    """The page as the tests of today have it."""
    return page(hazards(marker for path in _files() for marker in markers_of(path.read_text(), _named(path))))


def _files() -> list[Path]:
    found = sorted((ROOT / "tests").rglob("test_*.py"))
    return [path for path in found if "mark.hazard(" in path.read_text()]


def _named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
