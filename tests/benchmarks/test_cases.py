"""Each case of ``python -m bench`` runs for real, on very few jobs, so that none rots."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from bench import growth
from bench.cases import CASES, enqueue
from bench.section import Section

from tests.benchmarks.tiny import TINY

LONG = {"scheduled", "foreign", "storms", "growth", "bursts", "concurrency"}


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.long] * (name in LONG)) for name in CASES])
def test_a_case_measures_and_tells(name: str, dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "cases", partial(one_case, growth.cases))
    monkeypatch.setattr(enqueue, "CLIENTS", (2,))
    shares: list[float] = []
    section = CASES[name](dsn, TINY, shares.append)
    assert section.name == name
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)
    check(section)


def one_case(cases: Callable[..., list[growth.Case]], *sizes: float) -> list[growth.Case]:
    """One of the cases of growth: each takes several fleets."""
    return cases(*sizes)[:1]


def check(section: Section) -> None:
    """Tables are whole, and every bar of every panel stands for something."""
    assert section.data
    assert section.text
    for table in section.tables:
        assert table.rows
        assert {len(row) for row in table.rows} == {len(table.headings)}
    assert section.panels
    for panel in section.panels:
        for values in panel.series.values():
            assert len(values) == len(panel.groups)
            assert all(value >= 0 for value in values), panel.series
        measured = [value for values in panel.series.values() for value in values]
        assert any(measured), "processor time is counted in hundredths of a second, and so small a case may take none"
