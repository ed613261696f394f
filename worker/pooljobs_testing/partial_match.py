"""Compares a job with what a test expects of it, as far as it says something. Pure.

An expected value may be of the application's own types, and is then compared as the JSON that it would be stored as; or
anything that compares itself (``unittest.mock.ANY``, ``pytest.approx``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from pooljobs.errors import PayloadError
from pooljobs.payload.encoding import decode, encode
from pooljobs_testing.stored_job import StoredJob

TOLERANCE: Final = timedelta(seconds=1)
"""By which times may differ: the test has computed its own a moment earlier or later."""

_ABSENT: Final = object()


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What a test says of a job.

    Attributes:
        job_types: Any of these; any at all, if there are none.
        payload: Fields of it, each in turn as far as it says something, or the whole of one that is no object.
        options: By their names, those of ``OPTIONS``.
        shown: How the job type is called in errors.
        hints: What may be meant otherwise than it is written.
    """

    job_types: tuple[str, ...]
    shown: str
    payload: Any = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    hints: tuple[str, ...] = ()

    def matches(self, job: StoredJob) -> bool:
        """Whether it says nothing that is otherwise."""
        return not self.differences(job)

    def differences(self, job: StoredJob) -> list[str]:
        """What of it is otherwise, a line each; empty for a match."""
        if self.job_types and job.job_type not in self.job_types:
            return [f"type {job.job_type}, not {self.shown}"]
        told = [
            f"{name} {getattr(job, name)!s}, not {value!s}"
            for name, value in self.options.items()
            if not _same_option(name, value, getattr(job, name))
        ]
        return told + list(_differences(self.payload, job.payload, ""))

    def __str__(self) -> str:
        told = [f"payload={self.payload!r}"] if self.payload != {} else []
        told += [f"{name}={value!r}" for name, value in self.options.items()]
        return f"{self.shown}({', '.join(told)})"


def _same_option(name: str, expected: Any, actual: Any) -> bool:
    if name == "delay" and isinstance(expected, int | float):
        expected = timedelta(seconds=expected)
    if isinstance(expected, datetime) and isinstance(actual, datetime):
        return abs(expected - actual) <= TOLERANCE
    if isinstance(expected, timedelta) and isinstance(actual, timedelta):
        return abs(expected - actual) <= TOLERANCE
    return bool(expected == actual)


def _differences(expected: Any, actual: Any, path: str) -> Iterator[str]:
    """An object may have further fields, at any depth; an array has the same elements."""
    if not isinstance(expected, Mapping | list | tuple) and not _same(expected, actual):
        expected = _parts(expected)
    if isinstance(expected, Mapping) and isinstance(actual, dict):
        for name, value in expected.items():
            yield from _differences(value, actual.get(name, _ABSENT), f"{path}.{name}" if path else str(name))
    elif isinstance(expected, list | tuple) and isinstance(actual, list) and len(actual) == len(expected):
        for place, value in enumerate(expected):
            yield from _differences(value, actual[place], f"{path}[{place}]")
    elif not _same(expected, actual):
        yield _told(path, actual, expected)


def _parts(value: Any) -> Any:
    """Of a dataclass, a model or a set what it is stored as, which has parts to compare; any other value as it is."""
    stored = _stored(value)
    return stored if isinstance(stored, dict | list) else value


def _same(expected: Any, actual: Any) -> bool:
    if isinstance(expected, bool) or isinstance(actual, bool):
        return bool(expected == actual) and not (type(expected) in (int, float) or type(actual) in (int, float))
    return bool(expected == actual) or (actual is not _ABSENT and bool(_stored(expected) == actual))


def _stored(value: Any) -> Any:
    """What a payload would have in its place; nothing that equals anything, if it could not have it."""
    try:
        return decode(encode(value))
    except PayloadError:
        return _ABSENT


def _told(path: str, actual: Any, expected: Any) -> str:
    name = path or "payload"
    return f"no {name}, for {expected!r}" if actual is _ABSENT else f"{name} {actual!r}, not {expected!r}"
