"""Looks at a job that a hook has put in the place of another: what it changed must be what an enqueue could have said.

Beyond here nobody looks again, and a value of another type would break the enqueues of others that go the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from pooljobs.errors import OptionError
from pooljobs.job.labels import checked_tags, encoded_meta
from pooljobs.job.new_job import NewJob
from pooljobs.job.options import check_instant, check_max_retries, check_name, check_priority, seconds
from pooljobs.job.unique_rule import UniqueRule
from pooljobs.payload.encoding import LARGEST_BYTES, decode


def check_replaced(before: NewJob, after: NewJob) -> None:
    """Nothing is asked of what stayed the same.

    Raises:
        OptionError, PayloadError: A field has a value that it cannot have.
    """
    for name, old, new in zip(NewJob._fields, before, after, strict=True):
        if new is not old and (new is not None or name in _NEVER_NONE):
            _CHECKS[name](name, new)
    if before.payload == b"" != after.payload:
        hint = "change what is enqueued, or the other fields of the job"
        raise OptionError("jobs of enqueue_many have each a payload of their own, which no hook sees", hint=hint)


def _check_payload(name: str, payload: Any) -> None:
    if not isinstance(payload, bytes) or len(payload) > LARGEST_BYTES:
        raise OptionError(f"{name} must be JSON as bytes, at most {LARGEST_BYTES:,}; it is a {type(payload).__name__}")
    decode(payload)


def _check_delay(name: str, delay: Any) -> None:
    if not isinstance(delay, int | float):
        raise OptionError(f"{name} must be a number of seconds, not {delay!r:.80}")
    seconds(name, delay)


def _check_tags(name: str, tags: Any) -> None:
    if not isinstance(tags, tuple | list) or checked_tags(tags) != tuple(tags):
        raise OptionError(f"{name} must be a tuple of texts, each once, not {tags!r:.80}")


def _check_meta(name: str, meta: Any) -> None:
    if not isinstance(meta, bytes):
        raise OptionError(
            f"{name} must be JSON as bytes, not {meta!r:.80}", hint='json.dumps({"customer": 7}).encode()'
        )
    encoded_meta(decode(meta, where=name))


def _check_unique(name: str, rule: Any) -> None:
    if not isinstance(rule, UniqueRule):
        raise OptionError(f"{name} is what the declaration and the enqueue make of it, not {rule!r:.80}")


_CHECKS: Final[Mapping[str, Callable[[str, Any], object]]] = MappingProxyType(
    {
        "job_type": check_name,
        "payload": _check_payload,
        "queue": check_name,
        "priority": lambda _, priority: check_priority(priority),
        "max_retries": lambda _, runs: check_max_retries(runs),
        "delay_secs": _check_delay,
        "run_at": check_instant,
        "trace_id": check_name,
        "unique": _check_unique,
        "tags": _check_tags,
        "meta": _check_meta,
    }
)

_NEVER_NONE: Final = frozenset(_CHECKS) - {"run_at", "trace_id", "unique", "meta"}
