"""Whoever makes an object of many parts names them: five values in a row are not told apart by their places."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from typing import Final

import pytest

PACKAGES: Final = ("pooljobs_worker", "pooljobs_supervisor", "pooljobs_steward", "pooljobs_cli", "pooljobs_testing")

FEW: Final = 3
"""Arguments that may all be given by place."""

BY_PLACE: Final = 2
"""Of more than so many, the first ones that may."""

EXCEPTIONS: Final = {
    "ClaimedJob": "made for each job, of the columns of a claim, by map()",
    "ClaimAnswer": "a row of claim.sql, in the order of its columns",
    "CancellationRequest": "a row of read_cancellations.sql",
    "FailedJob": "a row of what has failed, in the order of its columns",
    "Left": "the row of count_left.sql",
    "StoredJob": "a JobHandle, with the three that this takes",
    "UnknownClaim": "a claim, compared as a tuple",
    "_FailedRun": "made for a failed run, and unpacked where it is told: a tuple",
    "_Handler": "unpacked for each job: a tuple",
}
"""Classes that are made by place, and why."""


def modules() -> Iterator[str]:
    for package in PACKAGES:
        yield package
        path = importlib.import_module(package).__path__
        yield from (found.name for found in pkgutil.walk_packages(path, f"{package}."))


def own_classes() -> list[type]:
    found = {
        each
        for name in modules()
        if not name.endswith(("__main__", "chaos.application.deployed"))  # which run
        for each in vars(importlib.import_module(name)).values()
        if inspect.isclass(each) and each.__module__ == name
    }
    return sorted(found, key=lambda each: (each.__module__, each.__name__))


def constructor(made: type) -> Callable[..., object] | None:
    """What the class itself says of how it is made; None if that is inherited."""
    own = vars(made)
    return own.get("__new__" if hasattr(made, "_fields") else "__init__")


def by_place(made: Callable[..., object]) -> tuple[int, int]:
    """How many arguments it takes but for ``self``, and how many of these may be given by place."""
    _, *given = inspect.signature(made).parameters.values()
    placed = [each for each in given if each.kind in {each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD}]
    return len(given), len(placed)


def offends(made: type) -> bool:
    function = constructor(made)
    if function is None:
        return False
    total, placed = by_place(function)
    return total > FEW and placed > BY_PLACE


@pytest.mark.parametrize("made", own_classes(), ids=lambda made: made.__name__)
def test_what_takes_many_arguments_takes_them_by_name(made: type) -> None:
    assert offends(made) == (made.__name__ in EXCEPTIONS)


def test_every_exception_is_a_class() -> None:
    assert {made.__name__ for made in own_classes()} >= set(EXCEPTIONS)
