from __future__ import annotations

from collections.abc import Sequence

from pooljobs_cli.chaos.chaos_report import ChaosReport
from pooljobs_cli.chaos.check import Violation
from pooljobs_cli.chaos.schedule import Kind

COUNTS = {
    "committed": 90,
    "rolled_back": 10,
    "completed": 85,
    "failed": 5,
    "cancelled": 0,
    "crashes": 2,
    "ticks": 20,
    "lost_with_host": 3,
}
COUNTS |= {"runs": 107, "cut_short": 2, "in_doubt": 1, "beside": 0}


def report(violations: Sequence[Violation] = ()) -> ChaosReport:
    return ChaosReport(
        7,
        9.0,
        done={Kind.KILL_WORKER: 4},
        counts=COUNTS,
        unknown=1,
        violations=violations,
        folder="/tmp/x" if violations else None,
    )


def test_the_report_tells_seed_harm_counts_and_verdict() -> None:
    text = report().as_text().plain
    assert "seed 7: 90 jobs in 9 s: 10 jobs/s" in text
    assert "4 workers killed" in text
    assert "stewards" not in text
    assert "other pooljobs" not in text
    assert text.splitlines()[-1].startswith("no violation")
    assert report().as_json()["done"]["kill_worker"] == 4


def test_what_the_other_pooljobs_ran_is_told() -> None:
    told = ChaosReport(7, 9.0, done={}, counts=COUNTS | {"beside": 44}, unknown=1, violations=(), folder=None)
    assert "107 runs, 2 of them cut short, 44 by the other pooljobs" in told.as_text().plain
    assert told.as_json()["beside"] == 44


def test_cancelled_jobs_have_ended_too() -> None:
    told = (
        ChaosReport(7, 9.0, done={}, counts=COUNTS | {"cancelled": 9}, unknown=1, violations=(), folder=None)
        .as_text()
        .plain
    )
    assert "seed 7: 99 jobs in 9 s: 11 jobs/s" in told
    assert "85 completed, 5 failed, 9 cancelled, 2 crashes charged" in told
    assert "cancelled" not in report().as_text().plain


def test_a_violation_is_named_with_examples() -> None:
    broken = report([Violation("lost", 2, ("a", "b"))])
    assert not broken.holds
    text = broken.as_text().plain
    assert "VIOLATED lost: 2, e.g. a, b" in text
    assert "/tmp/x" in text
    assert "no violation" not in text
    assert broken.as_json()["violations"] == [{"rule": "lost", "jobs": 2, "examples": ("a", "b")}]
