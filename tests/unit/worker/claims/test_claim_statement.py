"""A claim's answer is read column by column: whose job is whose, and where each lane begins."""

from __future__ import annotations

import struct
from dataclasses import replace
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pooljobs_worker.claims.claim_statement import ClaimAnswer
from pooljobs_worker.claims.claimed_job import LEFT_OUT
from pooljobs_worker.claims.job_labels import JobLabels
from pooljobs_worker.claims.lanes import Floor, Lane

NOTHING = ClaimAnswer(bytes(8), None, None, None, None, None)


def answer_of(lanes: list[Lane], careful: object = None) -> ClaimAnswer:
    """Job n has everywhere n for its value."""
    numbers = range(len(lanes))
    queues, levels = [queue for queue, _ in lanes], [level for _, level in lanes]
    named = [f"type-{n}" for n in numbers]
    columns = [list(numbers), named, [{"n": n} for n in numbers], [0] * len(lanes), [3] * len(lanes), queues, levels]
    return ClaimAnswer(
        run_at(0),
        b"".join(job_id(n) for n in numbers),
        b"".join(place(n) for n in numbers),
        b"".join(run_at(n) for n in numbers),
        orjson.dumps([*columns, [None] * len(lanes)]),
        orjson.dumps(careful) if careful else None,
    )


def job_id(n: int) -> bytes:
    return UUID(int=n).bytes


def place(n: int) -> bytes:
    return struct.pack("!IH", n, 1)


def run_at(n: int) -> bytes:
    return struct.pack("!q", n)


def test_each_job_gets_its_own_of_every_column() -> None:
    jobs = answer_of([("a", 0), ("b", -4), ("a", 1)]).jobs(token=7)
    assert [(job.job_id, job.place, job.fence) for job in jobs] == [(job_id(n), place(n), n) for n in range(3)]
    assert [(job.job_type, job.payload) for job in jobs] == [(f"type-{n}", {"n": n}) for n in range(3)]
    assert [(job.queue, job.priority) for job in jobs] == [("a", 0), ("b", -4), ("a", 1)]
    assert {(job.token, job.attempts, job.max_retries, job.trace_id) for job in jobs} == {(7, 0, 3, None)}


def test_an_answer_without_jobs() -> None:
    assert NOTHING.jobs(token=7) == []
    assert list(NOTHING.floors([])) == []


def test_those_that_need_care_know_why() -> None:
    care = [True, 2, 4, 1.5, '["x"]', '{"y": 1}']
    jobs = answer_of([("a", 0), ("a", 0), ("a", 0)], [[str(UUID(int=1)), False, care]]).jobs(token=7)
    assert [(job.suspect, job.losses) for job in jobs] == [(False, 0), (True, 2), (False, 0)]
    assert [(job.flags, job.refused_for) for job in jobs] == [(None, None), (4, 1.5), (None, None)]
    assert [job.labels for job in jobs] == [None, JobLabels('["x"]', '{"y": 1}'), None]


def test_a_payload_that_was_left_out_is_no_null() -> None:
    answer = answer_of([("a", 0), ("a", 0)], [[str(UUID(int=1)), True, None]])
    columns = (answer.columns or b"").replace(b'{"n":0}', b"null").replace(b'{"n":1}', b"null")
    assert [job.payload for job in replace(answer, columns=columns).jobs(token=7)] == [None, LEFT_OUT]


def test_a_number_that_json_has_and_orjson_has_not_is_no_answer() -> None:
    answer = answer_of([("a", 0)])
    strange = replace(answer, columns=(answer.columns or b"").replace(b"{", b"1e999{"))
    with pytest.raises(orjson.JSONDecodeError):
        strange.jobs(token=7)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(-4, 4)), max_size=30))
def test_a_lanes_floor_is_the_first_of_its_keys(lanes: list[Lane]) -> None:
    answer = answer_of(lanes) if lanes else NOTHING
    expected: dict[Lane, Floor] = {lane: (run_at(lanes.index(lane)), job_id(lanes.index(lane))) for lane in lanes}
    assert dict(answer.floors(answer.jobs(token=7))) == expected
