"""Whoever makes an object of many parts names them: five values in a row are not told apart by their places."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from typing import Final

import pytest

PACKAGES: Final = (
    "pooljobs",
    "pooljobs_worker",
    "pooljobs_supervisor",
    "pooljobs_steward",
    "pooljobs_cli",
    "pooljobs_testing",
)

FEW: Final = 3
"""Arguments that may all be given by place."""

BY_PLACE: Final = 2
"""Of more than so many, the first ones that may."""

EXCEPTIONS: Final = {
    "CancellationRequest": "a row of read_cancellations.sql",
    "ClaimAnswer": "a row of claim.sql, in the order of its columns",
    "ClaimedJob": "made for each job, of the columns of a claim, by map()",
    "FailedJob": "a row of what has failed, in the order of its columns",
    "FoundJob": "a row of read_results.sql, in the order of its columns",
    "HeldJob": "made for each entry of the scoreboard that somebody reads",
    "JobContext": "public: whoever tests a handler makes one, by place too",
    "JobHandle": "made for each job that is enqueued",
    "JobHandles": "made for each enqueue of a unique job",
    "Left": "the row of count_left.sql",
    "NewJob": "made for each job that is enqueued",
    "Settlement": "made for each job that has run",
    "StoredJob": "a JobHandle, with the three that this takes",
    "UniqueRule": "copied for an enqueue with options, by _replace(): a tuple",
    "UnknownClaim": "a claim, compared as a tuple",
    "_Taken": "of a block of unique jobs, unpacked where it is made: a tuple",
    "_FailedRun": "made for a failed run, and unpacked where it is told: a tuple",
    "_Handler": "unpacked for each job: a tuple",
}
"""Classes that are made by place, and why."""

OF_DJANGO: Final = "pooljobs.contrib.django"
"""Can be imported in a Django project alone, and its classes are made as Django makes them."""


def _not_ours(name: str) -> None:
    assert name.startswith(OF_DJANGO), name


def modules() -> Iterator[str]:
    for package in PACKAGES:
        yield package
        path = importlib.import_module(package).__path__
        found = (each.name for each in pkgutil.walk_packages(path, f"{package}.", onerror=_not_ours))
        yield from (name for name in found if not name.startswith(OF_DJANGO))


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
