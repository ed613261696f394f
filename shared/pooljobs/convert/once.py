"""Asks a member of a union once about each value, however many unions lie around it.

Members may hold each other: each asked in turn at each level would be twice the work a level, a thousand times ten
levels down. So within the outermost union the answers are kept, by what was asked and of what.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

from pooljobs.convert.mismatch import Mismatch

T = TypeVar("T")

_Answer: TypeAlias = tuple[Any, Mismatch | None, tuple[Any, ...]]


class _Memory(threading.local):
    """Answers within the outermost union of this thread; None outside of all. Each keeps alive what it is about."""

    answers: dict[tuple[object, ...], _Answer] | None = None


_memory = _Memory()


def outermost(function: Callable[..., T]) -> Callable[..., T]:
    """``function`` with a memory that lasts until the outermost of these returns."""

    def remembering(*values: Any) -> T:
        if _memory.answers is not None:
            return function(*values)
        _memory.answers = {}
        try:
            return function(*values)
        finally:
            _memory.answers = None

    return remembering


def once(function: Callable[..., T]) -> Callable[..., T]:
    """``function``, called once for the same values within an ``outermost`` one. A ``Mismatch`` is an answer too."""

    def remembered(*values: Any) -> T:
        answers = _memory.answers
        assert answers is not None
        key = (function, *map(id, values))
        answer = answers.get(key)
        if answer is None:
            answer = answers[key] = _asked(function, values)
        result, found, _ = answer
        if found is not None:
            raise found.again()
        kept: T = result
        return kept

    return remembered


def _asked(function: Callable[..., Any], values: tuple[Any, ...]) -> _Answer:
    try:
        return function(*values), None, values
    except Mismatch as found:
        return None, found.again(), values
