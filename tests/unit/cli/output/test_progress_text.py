"""How far a job is, as it is listed: whatever stands in the row."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pooljobs_cli.output.console import line
from pooljobs_cli.output.job_table import job_table
from pooljobs_cli.output.progress_text import percent, progress_line
from tests.support.hostile_text import HOSTILE, harm
from tests.unit.cli.output.test_job_table import job


@pytest.mark.parametrize(
    ("report", "short", "long"),
    [
        ({"done": 421, "total": 1000, "note": "a.csv"}, "42%", "421 of 1,000 (42%): a.csv"),
        ({"done": 999.9, "total": 1000}, "99%", "999.9 of 1,000 (99%)"),
        ({"done": 12, "total": 10}, "100%", "12 of 10 (100%)"),
        ({"done": 1234567, "total": None}, "1,234,567", "1,234,567"),
        ({"done": 0, "total": 0}, "0", "0"),
        ({"done": 1e300, "total": 1e-300}, "100%", "1e+300 of 1e-300 (100%)"),
        ({"done": "many"}, "", None),
        ({"done": True, "total": []}, "1", "1"),
        ([1], "", None),
        (None, "", None),
    ],
)
def test_it_is_told_shortly_and_at_length(report: Any, short: str, long: str | None) -> None:
    told = json.dumps(report)
    assert (percent(told), progress_line(told)) == (short, long)


@pytest.mark.parametrize("text", ["1e400", '{"done": 1e400}', '{"done": %s}' % ("9" * 5000), "[" * 10**5, "{", ""])
def test_strange_rows_raise_nothing(text: str) -> None:
    assert percent(text) == ""
    assert progress_line(text) is None


def test_a_note_of_anybodys_does_no_harm() -> None:
    told = progress_line(json.dumps({"done": 1, "note": HOSTILE, "at": HOSTILE}))
    assert harm(line(told).plain) == []


@pytest.mark.parametrize("width", [60, 80, 120, None])
def test_the_column_is_there_if_any_job_says_how_far_it_is(width: int | None) -> None:
    said = '{"done": 421, "total": 1000, "note": "a.csv"}'
    jobs = [job(0, job_type="a", queue="b"), job(1, job_type="a", queue="b", status="running", progress=said)]
    assert "42%" in job_table(jobs, width).plain
    assert "done" not in job_table(jobs[:1], width).plain
