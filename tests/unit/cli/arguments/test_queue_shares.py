from __future__ import annotations

import pytest

from pooljobs.errors import OptionError
from pooljobs_cli.arguments.queue_shares import shares


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("default", {"default": 1}),
        (" default , emails,, ", {"default": 1, "emails": 1}),
        ("default:3,emails:1", {"default": 3, "emails": 1}),
        ("default:3,default:3", {"default": 3}),
        ("a:b:2", {"a:b": 2}),
        ("shop : 2", {"shop": 2}),
        (",", {}),
    ],
)
def test_names_and_weights(text: str, expected: dict[str, int]) -> None:
    assert shares(text) == expected


@pytest.mark.parametrize(
    "text", ["a:b", "a:", ":3", "a:1.5", "a:-1", "a:²", "a:" + "9" * 5000, "a: b", "a,a:2", "a\udcff"]
)
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(OptionError):
        shares(text)


@pytest.mark.parametrize("text", ["*", "mail*", "default,mail?:2", "[ab]", "{a,b}"])
def test_what_looks_like_a_pattern_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match="looks like a pattern"):
        shares(text)
