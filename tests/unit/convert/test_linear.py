"""A payload twice as deep is twice the work to read or to refuse: counted in calls, which no busy machine changes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import pytest

from pooljobs import PayloadError
from pooljobs.signature.binder import Binder, compile_binder
from pooljobs.signature.inspection import read_signature


@dataclass
class Tree:
    value: int
    children: list[Tree] = field(default_factory=list)


@dataclass
class Left:
    value: int
    children: list[Left | Right] = field(default_factory=list)


@dataclass
class Right:
    value: str
    children: list[Left | Right] = field(default_factory=list)


@dataclass
class Third:
    value: int | str
    children: tuple[Left | Right | Third, ...] = ()
    table: dict[str, list[Third | Left]] = field(default_factory=dict)


def tree(t: Tree, x: int = 0) -> None: ...
def either(t: Left | Right, x: int = 0) -> None: ...
def three(t: Left | Right | Third, x: int = 0) -> None: ...
def lists(t: list[list[Left | Right] | list[Third]], x: int = 0) -> None: ...


def nested(depth: int, innermost: Any) -> dict[str, Any]:
    node: dict[str, Any] = {"value": innermost}
    for at in range(depth):
        node = {"value": at if at % 2 else str(at), "children": [node]}
    return node


def trees(depth: int, innermost: Any) -> dict[str, Any]:
    node: dict[str, Any] = {"value": innermost}
    for at in range(depth):
        node = {"value": at, "children": [node]}
    return node


def instances(depth: int, innermost: Any) -> Left | Right:
    node: Left | Right = Left(innermost)
    for at in range(depth):
        node = Left(at, [node]) if at % 2 else Right(str(at), [node])
    return node


def calls(binder: Binder, payload: object) -> int:
    """Calls of Python functions until the payload is taken or refused."""
    counted = 0

    def count(_frame: FrameType, event: str, _arg: object) -> None:
        nonlocal counted
        counted += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        binder.encoded(payload)
    except PayloadError:
        pass
    finally:
        sys.setprofile(before)
    return counted


@pytest.mark.hazard(
    "A small nested payload takes minutes to be refused",
    closed="each part is read once, and a member of nested unions is asked once about a value "
    "(`shared/pooljobs/convert/once.py`)",
    area="enqueueing",
)
@pytest.mark.parametrize("tolerant", [False, True])
@pytest.mark.parametrize(
    ("handler", "make", "innermost"),
    [
        (tree, trees, 1),
        (tree, trees, "bad"),
        (either, nested, 1),
        (either, nested, None),
        (either, nested, 1.5),
        (either, instances, 1),
        (either, instances, None),
        (three, nested, "x"),
        (three, nested, None),
    ],
)
def test_twice_as_deep_is_twice_the_work(
    handler: Callable[..., None], make: Callable[[int, Any], Any], innermost: Any, tolerant: bool
) -> None:
    binder = compile_binder("send", read_signature(handler, "send", tolerant=tolerant))
    few, more = (calls(binder, {"t": make(depth, innermost), "x": 1}) for depth in (10, 20))
    assert more < 2.2 * few


@pytest.mark.parametrize("innermost", ["x", None])
def test_lists_that_read_alike_are_read_once_each(innermost: Any) -> None:
    binder = compile_binder("send", read_signature(lists, "send"))
    few, more = (calls(binder, {"t": [[nested(10, innermost)]] * n, "x": 1}) for n in (10, 20))
    assert more < 2.2 * few
