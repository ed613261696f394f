from __future__ import annotations

from collections import Counter
from dataclasses import asdict

import pytest

from pooljobs_cli.demo.demo_jobs import app
from pooljobs_cli.demo.demo_mixture import mixture, payloads


@pytest.mark.parametrize("jobs", [20, 999, 10_000])
def test_the_shares_add_up_and_are_what_is_enqueued(jobs: int) -> None:
    shares = asdict(mixture(jobs))
    assert sum(shares.values()) == jobs
    assert min(shares.values()) > 0
    assert Counter(kind for kind, _ in payloads(jobs)) == shares


def test_every_payload_fits_its_handler() -> None:
    for kind, payload in payloads(200):
        app.registry[kind].prepare(payload)


def test_the_same_number_gives_the_same_jobs() -> None:
    assert list(payloads(100)) == list(payloads(100))
