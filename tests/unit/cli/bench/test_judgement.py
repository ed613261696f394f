"""What ``pooljobs bench`` says bounds a drain, from given figures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pooljobs_cli.bench.bench_report import told
from pooljobs_cli.bench.figures import Drain, Figures, shares
from pooljobs_cli.bench.judgement import Bound, judge

DRAIN = Drain(jobs=50_000, seconds=1.0, settlements=100, workers=2, worker_cpu=0.8, server_cpu=1.1, idle=0.02, wall=1.0)
FIGURES = Figures(
    round_trip=0.00005,
    commit=0.0004,
    commit_unsynced=0.0001,
    bulk_rate=100_000.0,
    single_rate=2_000.0,
    idle_latency=(0.002, 0.004),
    drain=DRAIN,
    procs=2,
    processors=2,
)


def with_drain(**changes: Any) -> Figures:
    return replace(FIGURES, drain=replace(DRAIN, **changes))


def test_full_processors_are_the_servers_or_the_workers_by_who_uses_more() -> None:
    assert judge(FIGURES).bound is Bound.SERVER_CPU
    found = judge(with_drain(worker_cpu=1.2, server_cpu=0.7))
    assert found.bound is Bound.WORKER_CPU
    assert "workers use 60%, PostgreSQL 35%" in found.text


def test_processors_that_others_fill_are_no_limit_of_ours() -> None:
    assert judge(with_drain(worker_cpu=0.1, server_cpu=0.2)).bound is Bound.OTHERS
    contained = judge(with_drain(worker_cpu=0.3, server_cpu=None))
    assert contained.bound is Bound.OTHERS
    assert "the server in a container" in contained.text


def test_workers_that_fill_a_machine_without_the_server_are_the_bound() -> None:
    assert judge(with_drain(worker_cpu=1.9, server_cpu=None)).bound is Bound.WORKER_CPU


def test_a_server_far_away_is_told_by_its_round_trips() -> None:
    # 50 turns of each worker in 2 s, two trips of 15 ms in each
    figures = replace(with_drain(seconds=2.0, wall=2.0, idle=0.8, worker_cpu=0.4, server_cpu=None), round_trip=0.015)
    found = judge(figures)
    assert found.bound is Bound.ROUND_TRIPS
    assert "75% of a worker's time, 15 ms each" in found.text
    assert "--batch-size" in found.text


def test_a_slow_disk_is_told_by_its_commits_and_not_by_what_they_cost_without_it() -> None:
    drain = with_drain(idle=0.8, worker_cpu=0.2, server_cpu=0.2)
    assert judge(replace(drain, commit=0.015, commit_unsynced=0.0001)).bound is Bound.COMMITS
    assert judge(replace(drain, commit=0.015, commit_unsynced=0.0149)).bound is not Bound.COMMITS


def test_workers_that_compute_on_an_idle_machine_want_more_of_them() -> None:
    found = judge(with_drain(idle=0.6, worker_cpu=1.8, server_cpu=0.4))
    assert found.bound is Bound.WORKER_CPU
    assert "--procs" in found.text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"idle": 0.5, "server_cpu": 0.9}, "more processes"),
        ({"idle": 0.15, "server_cpu": 1.5}, "the database is the limit"),
        ({"idle": 0.5, "server_cpu": None}, "runs elsewhere"),
        ({"idle": None, "server_cpu": None, "worker_cpu": None}, "runs elsewhere"),
    ],
)
def test_what_is_neither_wire_nor_disk_nor_worker_is_the_servers(changes: dict[str, float | None], words: str) -> None:
    found = judge(with_drain(**{"worker_cpu": 0.2, **changes}))
    assert found.bound is Bound.SERVER
    assert words in found.text


@given(
    trip=st.floats(0.0, 1.0),
    commit=st.floats(0.0, 1.0),
    unsynced=st.floats(0.0, 1.0),
    cpu=st.none() | st.floats(0.0, 10.0),
)
def test_shares_are_of_one_whole_whatever_was_measured(
    trip: float, commit: float, unsynced: float, cpu: float | None
) -> None:
    figures = replace(with_drain(worker_cpu=cpu), round_trip=trip, commit=commit, commit_unsynced=unsynced)
    found = shares(figures)
    parts = (found.wire, found.disk, found.worker, found.server)
    assert min(parts) >= 0
    assert sum(parts) == pytest.approx(1.0)
    assert judge(figures).text


def test_the_report_shows_every_figure() -> None:
    text = told(FIGURES, judge(FIGURES)).plain
    for words in ("50,000 jobs/s", "2 processes, 500 jobs a turn", "100,000 jobs/s", "2,000 jobs/s"):
        assert words in text
    for words in ("2 ms", "4 ms", "50 µs", "400 µs", "300 µs of it", "bound by: server CPU", "98% of 2 processors"):
        assert words in text


def test_json_has_the_rate_too() -> None:
    assert FIGURES.as_json()["drain"]["rate"] == pytest.approx(50_000)
