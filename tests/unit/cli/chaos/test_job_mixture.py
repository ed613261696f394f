from __future__ import annotations

import doctest
import random
from collections import Counter

from pooljobs_cli.chaos import job_mixture as module
from pooljobs_cli.chaos.application.releases import Release, make_app
from pooljobs_cli.chaos.job_mixture import ONLY_SLOW, Fate, draw_fate, mixture
from pooljobs_cli.chaos.storms import STORMS


def test_the_examples_hold() -> None:
    assert doctest.testmod(module).failed == 0


def test_every_kind_is_drawn_and_its_payload_is_taken() -> None:
    dice = random.Random(1)
    drawn = Counter[str]()
    registry = make_app(Release.BOTH).registry
    for _ in range(20_000):
        kind, payload = mixture(100, 4, deploying=True).draw(dice)
        registry[kind].prepare(payload)
        drawn[kind] += 1
    assert set(drawn) == set(registry) - {"poison", "alone", "ticking"}
    assert drawn["quick"] > 15_000


def test_in_a_storm_of_bad_jobs_one_in_a_hundred_is_poison() -> None:
    dice = random.Random(1)
    drawn = Counter(STORMS["bad-jobs"].jobs.draw(dice)[0] for _ in range(20_000))
    assert set(drawn) == {"quick", "poison"}
    assert 150 < drawn["poison"] < 250


def test_a_mixture_of_one_kind() -> None:
    dice = random.Random(1)
    assert {ONLY_SLOW.draw(dice)[0] for _ in range(100)} == {"slow"}


def test_the_slow_do_not_fill_the_fleet_however_high_the_rate() -> None:
    for rate in (50, 500, 5000):
        assert mixture(rate, 4).slow * rate * 1.1 <= 4 * 0.25 + 0.1


def test_transactions_end_in_all_ways() -> None:
    dice = random.Random(1)
    assert {draw_fate(dice) for _ in range(200)} == set(Fate)
