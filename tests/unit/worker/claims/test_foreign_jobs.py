"""What a worker has met that is not for it, and what its claims ask for: bounded, whatever names there are."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from pooljobs.job.flags import UNKNOWN
from pooljobs.job.paused import NOTHING, Paused
from pooljobs_worker.claims.claimed_job import ClaimedJob
from pooljobs_worker.claims.foreign_jobs import ForeignJobs
from pooljobs_worker.claims.passed_over import passed_over
from pooljobs_worker.claims.refused_shapes import RefusedShapes

KNOWN = {"send": object(), "sell": object(), "buy": object()}


def jobs(*job_types: str, flags: int | None = None) -> list[ClaimedJob]:
    return [
        ClaimedJob(number.to_bytes(16), 1, 7, job_type, {}, 0, 3, "default", 0, None, flags=flags)
        for number, job_type in enumerate(job_types)
    ]


def foreign_jobs(*job_types: str) -> ForeignJobs:
    """One that has met these."""
    made = ForeignJobs(KNOWN, types=True)
    made.learn(jobs(*job_types))
    return made


def among(made: ForeignJobs, claimed: Iterable[ClaimedJob], *, careful: bool = False) -> list[int]:
    return sorted(map(int.from_bytes, made.among(list(claimed), careful=careful)))


def test_types_that_are_not_declared_are_found_whatever_is_beside_them() -> None:
    made = ForeignJobs(KNOWN, types=True)
    assert among(made, jobs("send", "Send", "buy", "buy ", "ship")) == [1, 3, 4]
    assert among(made, jobs("send", "buy")) == []
    assert not made.met


def test_where_unknown_types_are_to_fail_none_is_foreign() -> None:
    assert among(ForeignJobs(KNOWN, types=False), jobs("ship"), careful=True) == []


@pytest.mark.parametrize("types", [True, False])
@pytest.mark.parametrize("flags", [1, 6, -32768])
def test_flags_that_this_version_does_not_know_are_found(flags: int, *, types: bool) -> None:
    assert flags & UNKNOWN
    made = ForeignJobs(KNOWN, types=types)
    claimed = jobs("send", "buy", flags=flags) + jobs("send")
    assert among(made, claimed, careful=True) == [0, 1]
    assert made.learn(claimed[:2]) == []
    assert (made.met, made.met_types) == (True, False)
    assert made.types() == ([], False)


def test_what_was_met_is_passed_over_by_name_and_is_new_once() -> None:
    made = ForeignJobs(KNOWN, types=True)
    assert made.learn(jobs("ship", "pack", "ship")) == ["ship", "pack"]
    assert made.learn(jobs("ship")) == []
    assert made.types() == (["ship", "pack"], False)


def test_a_handler_that_is_declared_later_is_foreign_no_more() -> None:
    registry = dict(KNOWN)
    made = ForeignJobs(registry, types=True)
    made.learn(jobs("ship", "pack"))
    registry["ship"] = object()
    assert among(made, jobs("ship", "pack")) == [1]
    assert made.types() == (["pack"], False)


@pytest.mark.parametrize("names", [[f"type-{n}" for n in range(500)], ["x" * 1_000_000]])
def test_of_many_or_long_names_none_is_kept_and_what_is_known_is_asked_for(names: list[str]) -> None:
    made = foreign_jobs(*names)
    assert made.types() == (["send", "sell", "buy"], True)
    assert among(made, jobs("send", "another")) == [1]
    made.learn(jobs("another"))
    assert made.types() == (["send", "sell", "buy"], True)


def test_as_many_names_as_are_known_are_kept() -> None:
    assert foreign_jobs("a", "b", "c").types() == (["a", "b", "c"], False)
    assert foreign_jobs("a", "b", "c", "d").types() == (["send", "sell", "buy"], True)


def test_a_worker_that_has_met_nothing_asks_for_nothing() -> None:
    refused = RefusedShapes()
    made = ForeignJobs(KNOWN, types=True)
    assert passed_over(made, refused, NOTHING, 0.0) is None
    refused.add(b"sell", 0.0)
    found = passed_over(made, refused, NOTHING, 1.0)
    assert found is not None
    assert (found.types, found.only_these, found.refused_shapes) == ([], False, [b"sell"])
    found = passed_over(foreign_jobs("ship"), RefusedShapes(), NOTHING, 1.0)
    assert found is not None
    assert (found.types, found.only_these, found.refused_shapes) == (["ship"], False, [])


def test_paused_types_are_passed_over_beside_what_is_foreign() -> None:
    paused, none = Paused(types=frozenset({"sell"})), RefusedShapes()
    found = passed_over(ForeignJobs(KNOWN, types=True), none, paused, 0.0)
    assert found is not None
    assert (found.types, found.only_these) == (["sell"], False)
    found = passed_over(foreign_jobs("ship"), none, paused, 0.0)
    assert found is not None
    assert (found.types, found.only_these) == (["ship", "sell"], False)
    found = passed_over(foreign_jobs("a", "b", "c", "d"), none, paused, 0.0)
    assert found is not None
    assert (found.types, found.only_these) == (["send", "buy"], True)
