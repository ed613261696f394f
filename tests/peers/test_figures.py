"""Medians, ratios within a round, percentiles, and how they are told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bench.peers.catalog import Peer
from bench.peers.contest import Effort, Outcome
from bench.peers.figures import DRAIN, MEDIAN, Sample, percentile, summarize
from bench.peers.report import Report, number
from hypothesis import given
from hypothesis import strategies as st

SAMPLES = [
    *(Sample("pooljobs", n, "drain", value) for n, value in ((1, 40_000.0), (2, 20_000.0), (3, 30_000.0))),
    *(Sample("toy", n, "drain", value) for n, value in ((1, 10_000.0), (2, 10_000.0))),
    Sample("pooljobs", 1, "latency_median", 2.0),
    Sample("toy", 1, "latency_median", 5.0),
    Sample("lonely", 4, "drain", 7.0),
]


def toy(key: str) -> Peer:
    return Peer(Path(key), key, "python", "1.0", (), "postgresql", f"{key} as it comes", 100)


def test_ratios_are_taken_within_each_round() -> None:
    summary = summarize(SAMPLES)
    assert summary["pooljobs"][DRAIN.key].value == 30_000
    assert summary["toy"][DRAIN.key].ratios == (4.0, 2.0)
    assert summary["toy"][DRAIN.key].ratio == 3.0


def test_a_latency_is_better_when_it_is_less() -> None:
    assert summarize(SAMPLES)["toy"][MEDIAN.key].ratio == 2.5


def test_without_the_yardstick_in_its_round_there_is_no_ratio() -> None:
    cell = summarize(SAMPLES)["lonely"][DRAIN.key]
    assert (cell.value, cell.ratio, cell.ratios) == (7.0, None, ())


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.01, 1))
def test_a_percentile_is_the_least_value_that_enough_do_not_exceed(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-6
    assert sum(value < found for value in values) < share * len(values) + 1e-6


def test_no_values_have_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_the_report_tells_figures_ratios_configurations_and_failures(tmp_path: Path) -> None:
    outcome = Outcome(samples=SAMPLES[:7], errors={"broken": ["driver prepare ended with 3"]})
    report = Report([toy("pooljobs"), toy("toy"), toy("broken")], outcome, Effort(), {"fsync": "on"})
    text = report.as_markdown()
    assert "| pooljobs | 30,000 | - | - | - | 2 | - |" in text
    assert "| toy | 10,000 (3 times) | - | - | - | 5 (2.5 times) | - |" in text
    assert text.index("| pooljobs |") < text.index("| toy |")
    assert "- **toy** 1.0 (PostgreSQL): toy as it comes." in text
    assert "- **broken**: driver prepare ended with 3" in text
    assert "fsync on" in text
    written = report.write(tmp_path)
    assert all(path.stat().st_size > 0 for path in written)
    found = json.loads((tmp_path / "peers.json").read_text())
    assert found["summary"]["toy"]["drain"]["ratio"] == 3.0
    assert found["peers"]["broken"]["errors"] == ["driver prepare ended with 3"]
    assert len(found["samples"]) == 7


def test_the_plot_is_a_picture(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    report = Report([toy("pooljobs"), toy("toy")], Outcome(samples=SAMPLES[:7]), Effort(), {})
    assert tmp_path / "peers.png" in report.write(tmp_path)
    assert (tmp_path / "peers.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("value", "told"), [(12345.6, "12,346"), (99.94, "99.9"), (1.234, "1.23"), (0.5, "0.5")])
def test_numbers_keep_the_digits_that_count(value: float, told: str) -> None:
    assert number(value) == told
