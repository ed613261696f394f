from __future__ import annotations

import pytest

from pooljobs_cli.demo.summary import holds, summary

PROGRESS = {"completed": 90, "failed": 10, "retried": 5, "crashes": 2, "workers": 10, "left_over": 0, "claimed": 0}
MEASURE = {"seconds": 2.0, "recovered": 2, "waited": [0.1, 0.2, 0.3], "ran": [0.001, 0.002, 0.003]}
AUDIT = {"runs": 107, "cut_short": 2, "lost": 0, "claimed_twice": 0, "unsettled": 0, "unproven": 0}


def test_the_summary_tells_the_counts() -> None:
    text = summary(PROGRESS, MEASURE, AUDIT, 8).plain
    assert "100 jobs in 2 s with 8 workers: 50 jobs/s" in text
    assert "2 recovered, 2 workers respawned" in text
    assert "waited     p50 100 ms   p95 200 ms   p99 300 ms" in text
    assert text.endswith("0 lost, 0 claimed twice (audit of 107 runs, 2 cut short)")


@pytest.mark.parametrize("broken", ["lost", "claimed_twice", "unsettled", "unproven"])
def test_anything_the_audit_finds_breaks_it(broken: str) -> None:
    assert holds(AUDIT)
    assert not holds({**AUDIT, broken: 1})
    assert "0 lost, 0 claimed twice (" not in summary(PROGRESS, MEASURE, {**AUDIT, broken: 1}, 8).plain


def test_nothing_measured_is_no_error() -> None:
    empty = {"seconds": None, "recovered": 0, "waited": None, "ran": None}
    assert "0 jobs/s" in summary({**PROGRESS, "completed": 0, "failed": 0}, empty, AUDIT, 1).plain
