"""A job's trace id as W3C's traceparent."""

from __future__ import annotations

from uuid import UUID

import pytest

from pooljobs import JobContext
from pooljobs.contrib.traceparent import TraceParent, may_trace
from pooljobs.handler.context import entered
from pooljobs.job.new_job import NewJob

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
WRITTEN = f"00-{TRACE}-{SPAN}-01"


@pytest.mark.parametrize(("flags", "sampled"), [("00", False), ("01", True), ("03", True), ("02", False)])
def test_it_is_read(flags: str, *, sampled: bool) -> None:
    assert TraceParent.of(f"00-{TRACE}-{SPAN}-{flags}") == (TRACE, SPAN, sampled)


def test_what_is_written_is_read_again() -> None:
    parent = TraceParent.of(WRITTEN)
    assert str(parent) == WRITTEN


@pytest.mark.parametrize(
    "other",
    [
        *(None, "", "order-4711", WRITTEN.upper(), f"{WRITTEN}\n", f"{WRITTEN}-more", f"ff-{TRACE}-{SPAN}-01"),
        *(f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{'0' * 16}-01", f"00-{TRACE}-{SPAN}"),
    ],
)
def test_identifiers_of_another_kind_are_none(other: str | None) -> None:
    assert TraceParent.of(other) is None


def test_what_was_given_stays_and_what_was_handed_down_gives_way() -> None:
    def job(trace_id: str | None) -> NewJob:
        return NewJob("greet", b"{}", trace_id=trace_id)

    assert may_trace(job(None))
    assert not may_trace(job("acme"))
    assert not may_trace(job(WRITTEN))
    with entered(JobContext(UUID(int=1), "parent", "default", 1, 3, trace_id=WRITTEN)):
        assert may_trace(job(WRITTEN))
        assert not may_trace(job(WRITTEN.replace("b7", "b8")))
    with entered(JobContext(UUID(int=1), "parent", "default", 1, 3, trace_id="acme")):
        assert not may_trace(job("acme"))
