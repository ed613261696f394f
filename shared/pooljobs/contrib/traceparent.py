"""W3C's ``traceparent`` as a job's trace id, by which a run finds the trace that its job was enqueued in.

Of its four fields ``trace_id`` holds all: version, trace, span, flags. Both tracers write and read this one form, so a
job that was enqueued under one of them can run under the other.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from pooljobs.handler.context import current_trace_id
from pooljobs.job.new_job import NewJob

_FORM: Final = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})", re.ASCII)
_SAMPLED: Final = 1


class TraceParent(NamedTuple):
    """A span that a job comes from.

    Attributes:
        trace: 32 hexadecimal digits.
        span: 16 of them.
        sampled: Whether that span is recorded.
    """

    trace: str
    span: str
    sampled: bool

    def __str__(self) -> str:
        return f"00-{self.trace}-{self.span}-{int(self.sampled):02x}"

    @classmethod
    def of(cls, trace_id: str | None) -> TraceParent | None:
        """What a job's trace id names; None where it is an identifier of another kind, or there is none.

        >>> TraceParent.of("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").sampled
        True
        >>> TraceParent.of("order-4711") is None
        True
        """
        found = _FORM.fullmatch(trace_id or "")
        return None if found is None else cls(found[1], found[2], bool(int(found[3], 16) & _SAMPLED))


def may_trace(job: NewJob) -> bool:
    """Whether the trace id of a job to be stored is ours to write: it has none, or was handed down to it as the
    ``traceparent`` of the run that enqueues it, which now gives way to that run's own span. One that was given stays.
    """
    if job.trace_id is None:
        return True
    return job.trace_id == current_trace_id() and TraceParent.of(job.trace_id) is not None
