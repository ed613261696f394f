"""What is said to fit before it is encoded is taken after it was: by the check that decodes."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Optional

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pooljobs.errors import PayloadError
from pooljobs.payload.encoding import encode
from pooljobs.signature.binder import Binder, compile_binder
from pooljobs.signature.inspection import read_signature


def handler(*, n: int, s: str = "", f: float = 0.0, b: bool = False, o: int | None = None, a: Any = None) -> None:
    """Takes what JSON has."""


def older(n: Optional[int], s: str = "") -> None:  # noqa: UP045  # both ways of writing it
    """Takes a number or nothing."""


def listing(names: list[str]) -> None:
    """Takes what has to be looked into."""


def extras(n: int, **others: int) -> None:
    """Takes any names."""


def whole(payload: Any) -> None:
    """Takes anything."""


def binder_of(function: Any) -> Binder:
    return compile_binder("a", read_signature(function, "a"))


class Small(IntEnum):
    """An integer of another type."""

    ONE = 1


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3), st.just(Small.ONE), st.lists(st.none())
)
PAYLOADS = st.one_of(VALUES, st.dictionaries(st.sampled_from([*"nsfboaz", 7]), VALUES, max_size=6))


@pytest.mark.parametrize("function", [handler, older, listing, extras, whole])
@given(payload=PAYLOADS)
def test_it_is_never_wrong(function: Any, payload: object) -> None:
    binder = binder_of(function)
    if not binder.fits(payload):
        return
    try:
        encoded = encode(payload)
    except PayloadError:  # refused either way
        return
    binder.check(orjson.loads(encoded))


@pytest.mark.parametrize(
    ("function", "payload", "fits"),
    [
        (handler, {"n": 1}, True),
        (handler, {"n": 1, "s": "x", "f": 1, "b": True, "o": None, "a": [1, None]}, True),
        (handler, {"n": 1, "a": {"x": 1}}, True),
        (handler, {"n": 1, "a": [{}]}, False),
        (handler, {"n": 1, "a": (1,)}, False),
        (handler, {"n": True}, False),
        (handler, {"n": Small.ONE}, False),
        (handler, {"n": "1"}, False),
        (handler, {"s": "x"}, False),
        (handler, {"n": 1, "z": 1}, False),
        (handler, [], False),
        (older, {"n": None}, True),
        (older, {"n": 1.0}, False),
        (listing, {"names": ["x"]}, True),
        (listing, {"names": ["x", 1]}, False),
        (listing, {"names": ("x",)}, False),
        (extras, {"n": 1}, False),
        (whole, [1], False),  # to read it back is as fast as to look
    ],
)
def test_what_it_can_tell(function: Any, payload: object, fits: bool) -> None:
    assert binder_of(function).fits(payload) is fits


@pytest.mark.parametrize("payload", [{"n": "1"}, {"n": float("nan")}, {"n": 2**64}, {"n": 1, "z": 1}, {}])
def test_what_does_not_fit_is_refused_as_before(payload: object) -> None:
    with pytest.raises(PayloadError):
        binder_of(handler).encoded(payload)
