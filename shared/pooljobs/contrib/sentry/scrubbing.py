"""Takes out of an event what is not to leave the process: local variables, values of secret parameters."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

TOLD: Final = (
    *("exception", "threads", "stacktrace", "breadcrumbs", "logentry", "message", "extra", "contexts", "spans"),
    *("request", "user", "tags", "transaction", "fingerprint"),
)
"""Parts of an event that hold what somebody said; the others are Sentry's own."""

IDS: Final = frozenset({"trace_id", "span_id", "parent_span_id", "job_id", "timestamp", "start_timestamp"})
"""Keys whose values are left as they are: a secret's digits may be in any."""


def scrubber(mask: Callable[[str], str] | None, *, variables: bool) -> Callable[[Event, Hint], Event]:
    """An event processor for a run.

    Args:
        mask: Replaces secret values in a text; None where the run has none.
        variables: Whether frames keep their local variables.
    """

    def scrub(event: Event, _hint: Hint) -> Event:
        told: dict[str, Any] = event  # type: ignore[assignment]  # of its keys any may be there
        if not variables:
            for frame in _frames(told):
                frame.pop("vars", None)
        if mask is not None:
            for part in TOLD:
                if part in told:
                    told[part] = _masked(told[part], mask)
        return event

    return scrub


def _frames(event: dict[str, Any]) -> Iterator[dict[str, Any]]:
    holders = [event, *(each for part in ("exception", "threads") for each in _values(event.get(part)))]
    for holder in holders:
        for trail in ("stacktrace", "raw_stacktrace"):
            yield from (holder.get(trail) or {}).get("frames") or ()


def _values(part: Any) -> list[dict[str, Any]]:
    return (part.get("values") or []) if isinstance(part, dict) else (part or [])


def _masked(value: Any, mask: Callable[[str], str]) -> Any:
    """The same, masked; what Sentry would write by its ``repr`` is that text."""
    if isinstance(value, dict):
        return {key: each if key in IDS else _masked(each, mask) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset | deque):
        return [_masked(each, mask) for each in value]
    if value is None or isinstance(value, bool):
        return value
    text = value if isinstance(value, str) else repr(value)
    hidden = mask(text)
    return value if hidden == text else hidden
