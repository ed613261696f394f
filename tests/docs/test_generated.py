"""What documents have from the code, pages and tables: it is up to date, and what it is made of is whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs import hazards, settings_table, statements
from tests.docs.blocks import ROOT

TOLD = '@pytest.mark.hazard("A claim is lost", closed="a token", area="claims")'


@pytest.mark.parametrize("page", [hazards, settings_table, statements], ids=["hazards", "settings", "statements"])
def test_it_is_up_to_date(page: object) -> None:
    path, generate = page.PAGE, page.generate  # type: ignore[attr-defined]
    if path.read_text() != generate():
        pytest.fail(f"{path.relative_to(ROOT)} is not what the sources say any more: run `make docs`, and commit it")


def test_no_hazard_was_lost() -> None:
    rows = [line for line in hazards.PAGE.read_text().splitlines() if line.endswith("` |")]
    assert len(rows) >= 120


@pytest.mark.parametrize("path", statements.statement_files(), ids=lambda path: path.name)
def test_the_head_of_a_statement_is_whole(path: Path) -> None:
    missing = statements.head(path.read_text()).missing
    assert not missing, f"{path.relative_to(ROOT)}: its opening comment lacks {', '.join(missing)}"


def test_a_head_is_taken_apart() -> None:
    head = statements.head(
        "-- Takes jobs, of lane\n-- by lane. And more. Parameters: id, fence. Returns nothing.\n"
        "-- Locks: the row. Index: live_pkey; HOT.\n-- Run by: workers.\nSELECT 1 -- Locks: none.\n"
    )
    assert head == statements.Head(
        "Takes jobs, of lane by lane.", "id, fence.", "the row.", "live_pkey; HOT.", "workers."
    )
    assert statements.head("-- Takes jobs. Locks: none.\nSELECT 1").missing == ["Parameters:", "Index:", "Run by:"]


def markers(*functions: str) -> list[hazards.Marker]:
    text = "\n".join(f"{marks}\ndef test_{number}() -> None: ...\n" for number, marks in enumerate(functions))
    return list(hazards.markers_of(text, "tests/test_x.py"))


def test_a_hazard_has_its_text_once_and_all_its_tests() -> None:
    (hazard,) = hazards.hazards(markers('@pytest.mark.hazard("A claim is")', TOLD, "@pytest.mark.long"))
    assert (hazard.what, hazard.closed, hazard.area) == ("A claim is lost", "a token", "claims")
    assert hazard.tests == ["tests/test_x.py::test_1", "tests/test_x.py::test_0"]
    row = "| A claim is lost | a token | `tests/test_x.py::test_1`; `tests/test_x.py::test_0` |"
    assert row in hazards.page([hazard]).splitlines()


@pytest.mark.parametrize(
    ("marks", "problem"),
    [
        ('@pytest.mark.hazard("A job is")', "no hazard begins with 'A job is'"),
        (TOLD.replace("lost", "late"), None),
        ('@pytest.mark.hazard("A claim is lost", area="claims")', "closed= and area="),
        (TOLD.replace('"claims"', '"jobs"'), "there is no area 'jobs'"),
        ("@pytest.mark.hazard(TEXT)", "one text"),
        ("@pytest.mark.hazard()", "one text"),
    ],
)
def test_a_marker_that_is_wrong_is_told_with_its_test(marks: str, problem: str | None) -> None:
    if problem is None:
        assert len(hazards.hazards(markers(TOLD, marks))) == 2
        return
    with pytest.raises(ValueError, match=f"^tests/test_x.py::test_1: .*{problem}"):
        hazards.hazards(markers(TOLD, marks))


def test_a_beginning_that_fits_two_hazards_names_neither() -> None:
    with pytest.raises(ValueError, match="2 hazards begin with 'A claim'"):
        hazards.hazards(markers(TOLD, TOLD.replace("lost", "late"), '@pytest.mark.hazard("A claim")'))
