"""A short turn of ``make fuzz``, the same each time."""

from __future__ import annotations

import pytest

from tests.fuzz.__main__ import attempt
from tests.fuzz.properties import PROPERTIES


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", PROPERTIES)
def test_nothing_is_found_in_a_short_time(name: str) -> None:
    attempt(PROPERTIES[name], 7, 150)
