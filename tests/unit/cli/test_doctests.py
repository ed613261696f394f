from __future__ import annotations

import doctest
from types import ModuleType

import pytest

from pooljobs_supervisor.cli import commands, main, options, payload_fields, shares, times
from pooljobs_supervisor.demo import mixture
from pooljobs_supervisor.telling import ages


@pytest.mark.parametrize("module", [ages, commands, main, options, payload_fields, shares, times, mixture])
def test_the_examples_in_the_docstrings_hold(module: ModuleType) -> None:
    failed, tried = doctest.testmod(module)
    assert (failed, tried > 0) == (0, True)
