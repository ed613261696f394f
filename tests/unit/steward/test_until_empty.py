"""How it is told what a fleet leaves."""

from __future__ import annotations

import doctest

from pooljobs_steward import until_empty


def test_the_examples_hold() -> None:
    assert doctest.testmod(until_empty) == (0, 4)
