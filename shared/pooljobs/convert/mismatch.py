"""A value that does not fit its annotation, and where in the payload it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType, NoneType
from typing import Any, Final, TypeAlias

from pooljobs.job.error_text import said
from pooljobs.payload.path import quoted, short_path

Converter: TypeAlias = Callable[[Any], Any]
"""Takes a JSON value, returns what the annotation asks for, or raises ``Mismatch``."""


class Mismatch(Exception):  # noqa: N818 - a finding that the binder turns into a PayloadError
    """Told from the inside out: each container that it passes prepends its own step to the path."""

    def __init__(self, finding: str) -> None:
        super().__init__(finding)
        self.finding = finding
        self.path = ""

    def under(self, step: str) -> Mismatch:
        """The same finding, one level further out."""
        self.path = step + self.path
        return self

    def again(self) -> Mismatch:
        """The same finding, to be raised at another place."""
        found = Mismatch(self.finding)
        found.path, found.__cause__ = self.path, self.__cause__
        return found

    def told(self, root: str = "payload") -> str:
        """One sentence, beginning with the place."""
        return f"{root}{short_path(self.path)}{self.finding}"


def expected(what: str, value: object) -> Mismatch:
    """``value`` is not ``what``."""
    return Mismatch(f": expected {what}, got {kind_of(value)}")


def differs(sent: object, arrived: object) -> Mismatch:
    """``sent`` can be stored, but would arrive as another value, or as one of another class."""
    kind, other = type(sent).__qualname__, type(arrived).__qualname__
    told = f"would arrive as another {kind}" if kind == other else f"is of type {kind} and would arrive as {other}"
    return Mismatch(f" {told}")


def refused(by: str, error: Exception) -> Mismatch:
    """A class of the user's raised ``error`` where it was made of JSON."""
    found = Mismatch(f": {by} refused it: {said(error)}")
    found.__cause__ = error
    return found


def missing(name: str) -> Mismatch:
    """An object lacks a field."""
    return Mismatch(f" has no field {quoted(name)}")


def unknown(name: str, known: Iterable[str]) -> Mismatch:
    """An object has a field too many."""
    takes = ", ".join(known)
    return Mismatch(f" has an unknown field {quoted(name)} ({f'it takes: {takes}' if takes else 'it takes none'})")


def kind_of(value: object) -> str:
    """What a JSON value is, and never the value: errors are kept and shown where payloads are not.

    >>> kind_of("hunter2"), kind_of(True), kind_of([1])
    ('a string of length 7', 'a boolean', 'a list of length 1')
    """
    named = _KINDS.get(type(value), f"of type {type(value).__qualname__}")
    return f"{named} of length {len(value)}" if isinstance(value, str | list) else named


_KINDS: Final[Mapping[type, str]] = MappingProxyType(
    {
        NoneType: "null",
        bool: "a boolean",
        int: "an integer",
        float: "a number",
        str: "a string",
        list: "a list",
        dict: "an object",
    }
)
