"""Ids made by the hundred: of version 7, ascending whatever the clock does, and never the same."""

from __future__ import annotations

from itertools import pairwise
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pooljobs.db.ids import MOST_AT_ONCE, IdMaker, JobIds

CALLS = st.lists(st.tuples(st.integers(1, 50), st.integers(1_700_000_000_000, 1_700_000_000_003)), max_size=20)


@given(CALLS)
def test_they_ascend_and_differ_whatever_the_clock_does(calls: list[tuple[int, int]]) -> None:
    maker = IdMaker()
    packed = b"".join(maker.make(count, millis) for count, millis in calls)
    ids = [packed[at : at + 16] for at in range(0, len(packed), 16)]
    assert len(ids) == sum(count for count, _ in calls)
    assert all(earlier < later for earlier, later in pairwise(ids))


@given(st.integers(0, 2**48 - 1))
def test_each_is_of_version_7_and_tells_its_time(millis: int) -> None:
    for job_id in JobIds(IdMaker().make(3, millis)):
        assert (job_id.version, job_id.variant, job_id.int >> 80) == (7, RFC_4122, millis)


def test_more_than_a_millisecond_can_count_go_into_the_next() -> None:
    maker = IdMaker()
    times = {UUID(bytes=maker.make(MOST_AT_ONCE, 5)[:16]).int >> 80 for _ in range(17)}
    assert times == {5, 6}


def test_two_makers_do_not_agree() -> None:
    one, other = IdMaker().make(1000, 5), IdMaker().make(1000, 5)
    assert not set(JobIds(one)) & set(JobIds(other))


def test_packed_ids_are_a_sequence() -> None:
    ids = JobIds(IdMaker().make(4, 5))
    whole = list(ids)
    assert (len(ids), ids[-1], ids[1:3], whole[2] in ids) == (4, whole[3], whole[1:3], True)
    with pytest.raises(IndexError):
        ids[4]
