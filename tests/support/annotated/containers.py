"""Annotations of lists, sets, mappings, tuples and unions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Union

from hypothesis import strategies as st

from tests.support.annotated.annotation import Annotation


def _hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:  # a signalling NaN
        return False
    return True


def list_of(item: Annotation, hint: Any, classes: tuple[type[Any], ...], arrives: type[Any]) -> Annotation:
    def arrived(sent: Any, value: Any) -> bool:
        return (
            type(value) is arrives
            and isinstance(sent, classes)
            and len(sent) == len(value)
            and all(map(item.arrived, sent, value))
        )

    values: st.SearchStrategy[Any] = st.lists(item.values, max_size=3)
    if classes != (list,):
        values = values | values.map(tuple) if list in classes else values.map(tuple)
    return Annotation(hint, values, arrived, hashable=arrives is tuple and item.hashable)


def set_of(item: Annotation, hint: Any, arrives: type[Any]) -> Annotation:
    def arrived(sent: Any, value: Any) -> bool:
        paired = {part: part for part in sent} if isinstance(sent, set | frozenset) else {}
        return (
            type(value) is arrives and bool(sent == value) and all(item.arrived(paired[part], part) for part in value)
        )

    values = st.lists(item.values.filter(_hashable), max_size=3).map(set if arrives is set else frozenset)
    return Annotation(hint, values, arrived, hashable=arrives is frozenset)


def mapping_of(key: Annotation, item: Annotation, hint: Any) -> Annotation:
    def arrived(sent: Any, value: Any) -> bool:
        if type(value) is not dict or not isinstance(sent, dict) or len(sent) != len(value):
            return False
        pairs = [(a, b) for a in sent for b in value if key.arrived(a, b)]
        return len(pairs) == len(sent) and all(item.arrived(sent[a], value[b]) for a, b in pairs)

    return Annotation(
        hint, st.lists(st.tuples(key.values.filter(_hashable), item.values), max_size=3).map(dict), arrived
    )


def tuple_of(items: Sequence[Annotation]) -> Annotation:
    def arrived(sent: Any, value: Any) -> bool:
        return (
            type(value) is tuple
            and isinstance(sent, tuple)
            and len(sent) == len(value) == len(items)
            and all(item.arrived(a, b) for item, a, b in zip(items, sent, value, strict=True))
        )

    hint = tuple[tuple(item.hint for item in items)] if items else tuple[()]  # type: ignore[misc]
    return Annotation(hint, st.tuples(*(item.values for item in items)), arrived, all(i.hashable for i in items))


def union_of(members: Sequence[Annotation]) -> Annotation:
    return Annotation(
        Union[tuple(member.hint for member in members)],  # noqa: UP007
        st.one_of(*(member.values for member in members)),
        lambda sent, value: any(member.arrived(sent, value) for member in members),
        all(member.hashable for member in members),
    )
