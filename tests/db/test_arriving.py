"""What jsonb makes of a payload: the documents promise no more than this."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg import Connection

from pooljobs.payload.encoding import decode, encode
from pooljobs.signature.binder import compile_binder
from pooljobs.signature.inspection import read_signature


def stored(connection: Connection[Any], encoded: bytes) -> object:
    """The payload as a worker decodes it."""
    row = connection.execute("SELECT %s::jsonb::text", [encoded.decode()]).fetchone()
    assert row is not None
    return decode(row[0])


def anything(x: Any) -> None: ...
def real(x: float) -> None: ...
def either(x: int | float) -> None: ...  # noqa: PYI041  # that is the point


@pytest.mark.parametrize(
    ("sent", "arrives"),
    [
        (1.0, 1.0),
        (0.1, 0.1),
        (5e-324, 5e-324),
        (-0.0, 0.0),
        (1e16, 10**16),
        (1e23, 10**23),
        (2**64 - 1, 2**64 - 1),
    ],
)
def test_numbers_without_a_fraction_come_back_as_integers_where_no_float_is_asked_for(
    connection: Connection[Any], sent: float, arrives: object
) -> None:
    for handler in (anything, either):
        binder = compile_binder("send", read_signature(handler, "send"))
        _, kwargs = binder.check(stored(connection, binder.encoded({"x": sent})))
        assert (kwargs["x"], type(kwargs["x"]), str(kwargs["x"])) == (arrives, type(arrives), str(arrives))


@pytest.mark.parametrize("sent", [1.0, -0.0, 1e16, 1e23, 1.7976931348623157e308, 1.2345678901234567e18])
def test_a_float_that_is_asked_for_is_the_same(connection: Connection[Any], sent: float) -> None:
    binder = compile_binder("send", read_signature(real, "send"))
    _, kwargs = binder.check(stored(connection, binder.encoded({"x": sent})))
    assert kwargs["x"] == sent
    assert type(kwargs["x"]) is float


def test_keys_come_in_an_order_of_their_own(connection: Connection[Any]) -> None:
    sent = {"long": 1, "b": 2, "a": 3}
    arrived = stored(connection, encode(sent))
    assert arrived == sent
    assert list(arrived) == ["a", "b", "long"]
