from __future__ import annotations

import pytest

from pooljobs_cli.main import split_traceback


@pytest.mark.parametrize(
    ("given", "wanted", "rest"),
    [
        ([], False, []),
        (["migrate"], False, ["migrate"]),
        (["--traceback", "migrate"], True, ["migrate"]),
        (["migrate", "--traceback", "--json"], True, ["migrate", "--json"]),
        (["enqueue", "--", "--traceback"], False, ["enqueue", "--", "--traceback"]),
    ],
)
def test_traceback_may_stand_anywhere_before_the_end_of_options(
    given: list[str], wanted: bool, rest: list[str]
) -> None:
    assert split_traceback(given) == (wanted, rest)
