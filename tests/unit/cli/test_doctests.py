from __future__ import annotations

import doctest
from types import ModuleType

import pytest

from pooljobs import ages
from pooljobs_cli import command_names, common_options, main
from pooljobs_cli.arguments import named_values, queue_shares, time_arguments
from pooljobs_cli.demo import demo_mixture


@pytest.mark.parametrize(
    "module", [ages, command_names, main, common_options, named_values, queue_shares, time_arguments, demo_mixture]
)
def test_the_examples_in_the_docstrings_hold(module: ModuleType) -> None:
    failed, tried = doctest.testmod(module)
    assert (failed, tried > 0) == (0, True)
