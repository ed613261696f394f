"""Conversions of lists, tuples and sets, made from the conversions of what they hold.

Each part is read once, whether it fits or not: a second look to say where a mismatch is would double at each level.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeAlias

from pooljobs.convert.conversion import JSON_SCALARS, Conversion
from pooljobs.convert.mappings import read_part
from pooljobs.convert.mismatch import Converter, Mismatch, differs, expected

SETS: Final = (set, frozenset)

_Classes: TypeAlias = tuple[type[Any], ...]


def list_conversion(item: Conversion, takes: _Classes = (list,)) -> Conversion:
    """A list. An abstract class takes a tuple too; a list arrives."""

    def same(sent: Any, arrived: Any) -> None:
        if not isinstance(sent, takes) or not isinstance(arrived, list):
            raise differs(sent, arrived)
        _same_items(sent, arrived, [item.same] * len(sent))

    return Conversion(
        _list_reader(item), _owns_each(item, takes), same=same, exact=_exact_each(item, list), nested=True
    )


def tuple_conversion(item: Conversion) -> Conversion:
    """A tuple of any length. A list is its JSON."""
    read_list = _list_reader(item)

    def same(sent: Any, arrived: Any) -> None:
        if not isinstance(sent, list | tuple) or not isinstance(arrived, tuple):
            raise differs(sent, arrived)
        _same_items(sent, arrived, [item.same] * len(sent))

    owns, exact = _owns_each(item, (tuple,)), _exact_each(item, tuple)
    return Conversion(lambda value: tuple(read_list(value)), owns, same=same, exact=exact, nested=True)


def fixed_tuple_conversion(items: Sequence[Conversion]) -> Conversion:
    """A tuple of fixed length, each place with a conversion of its own."""
    size, sames = len(items), [item.same for item in items]

    def read(value: Any) -> Any:
        if not isinstance(value, list) or len(value) != size:
            raise expected(f"a list of {size}", value)
        return tuple(read_part(item.read, part, at) for at, (item, part) in enumerate(zip(items, value, strict=True)))

    def owns(sent: Any) -> bool:
        return (
            isinstance(sent, tuple) and len(sent) == size and all(i.owns(p) for i, p in zip(items, sent, strict=True))
        )

    def same(sent: Any, arrived: Any) -> None:
        if not isinstance(sent, list | tuple) or not isinstance(arrived, tuple):
            raise differs(sent, arrived)
        _same_items(sent, arrived, sames)

    def exact(sent: Any) -> bool:
        return type(sent) is tuple and len(sent) == size and all(i.exact(p) for i, p in zip(items, sent, strict=True))

    return Conversion(read, owns, same=same, exact=exact, nested=True)


def set_conversion(item: Conversion, build: Callable[[Iterable[Any]], Any], takes: _Classes) -> Conversion:
    """A set. A list is its JSON."""
    read_list = _list_reader(item)

    def read(value: Any) -> Any:
        items = read_list(value)
        try:
            return build(items)
        except TypeError:
            raise expected("a list of values that can be hashed", value) from None

    def exact(sent: Any) -> bool:
        return isinstance(sent, takes) and item.kinds.issuperset(map(type, sent))

    return Conversion(read, _owns_each(item, takes), same=_same_set(item, takes), exact=exact, nested=True)


def _same_set(item: Conversion, takes: _Classes) -> Callable[[Any, Any], None]:
    def same(sent: Any, arrived: Any) -> None:
        if isinstance(sent, list) and all(_is_json(part) or part in arrived for part in sent):
            return
        if not isinstance(sent, takes) or not isinstance(arrived, SETS) or sent != arrived:
            raise differs(sent, arrived)
        given = {part: part for part in sent}
        for part in arrived:
            item.same(given[part], part)

    return same


def _is_json(part: object) -> bool:
    return type(part) in JSON_SCALARS or isinstance(part, list | dict)


def _list_reader(item: Conversion) -> Converter:
    read_item = item.read

    def read(value: Any) -> Any:
        if not isinstance(value, list):
            raise expected("a list", value)
        return value if read_item is None else _each(read_item, value)

    return read


def _owns_each(item: Conversion, takes: _Classes) -> Callable[[Any], bool]:
    return lambda sent: isinstance(sent, takes) and all(map(item.owns, sent))


def _exact_each(item: Conversion, cls: type[Any]) -> Callable[[Any], bool]:
    def exact(sent: Any) -> bool:
        return type(sent) is cls and (item.kinds.issuperset(map(type, sent)) or all(map(item.exact, sent)))

    return exact


def _each(read: Converter, values: list[Any]) -> list[Any]:
    items: list[Any] = []
    try:
        for value in values:
            items.append(read(value))  # noqa: PERF401  # its length tells which one does not fit
    except Mismatch as found:
        raise found.under(f"[{len(items)}]") from None
    return items


def _same_items(sent: Any, arrived: Any, sames: Sequence[Callable[[Any, Any], None]]) -> None:
    if len(sent) != len(arrived):
        raise differs(sent, arrived)
    for at, (same, part, other) in enumerate(zip(sames, sent, arrived, strict=True)):
        try:
            same(part, other)
        except Mismatch as found:
            raise found.under(f"[{at}]") from None
