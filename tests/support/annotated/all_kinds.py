"""All of them, in one another."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from hypothesis import strategies as st

from tests.support.annotated.annotation import Annotation
from tests.support.annotated.containers import list_of, mapping_of, set_of, tuple_of, union_of
from tests.support.annotated.scalars import OTHERS, SCALARS
from tests.support.annotated.structures import RECURSIVE, alias_of, dataclass_of, models, page_of, typed_dict_of

leaves = st.sampled_from(SCALARS) | st.sampled_from([*SCALARS, *OTHERS, *RECURSIVE]) | models()


def _containers(inner: st.SearchStrategy[Annotation]) -> st.SearchStrategy[Annotation]:
    hashables = st.sampled_from(SCALARS) | inner.filter(lambda item: item.hashable)
    keys = st.sampled_from(SCALARS) | st.lists(st.sampled_from(SCALARS), min_size=2, max_size=3).map(union_of)
    fields = st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    shapes = st.sampled_from(["plain", "kw_only", "identity", "cleaned"])
    return st.one_of(
        inner.map(lambda item: list_of(item, list[item.hint], (list,), list)),  # type: ignore[name-defined]
        inner.map(lambda item: list_of(item, Sequence[item.hint], (list, tuple), list)),  # type: ignore[name-defined]
        inner.map(lambda item: list_of(item, Iterable[item.hint], (list, tuple), list)),  # type: ignore[name-defined]
        inner.map(lambda item: list_of(item, Collection[item.hint], (list, tuple), list)),  # type: ignore[name-defined]
        inner.map(lambda item: list_of(item, tuple[item.hint, ...], (tuple,), tuple)),  # type: ignore[name-defined]
        hashables.map(lambda item: set_of(item, set[item.hint], set)),  # type: ignore[name-defined]
        hashables.map(lambda item: set_of(item, frozenset[item.hint], frozenset)),  # type: ignore[name-defined]
        hashables.map(lambda item: set_of(item, AbstractSet[item.hint], set)),  # type: ignore[name-defined]
        st.builds(lambda key, item: mapping_of(key, item, dict[key.hint, item.hint]), keys, inner),  # type: ignore[name-defined]
        st.builds(lambda key, item: mapping_of(key, item, Mapping[key.hint, item.hint]), keys, inner),  # type: ignore[name-defined]
        st.lists(inner, max_size=3).map(tuple_of),
        st.lists(inner, min_size=2, max_size=3).map(union_of),
        st.lists(st.sampled_from(SCALARS), min_size=2, max_size=4).map(union_of),
        st.builds(dataclass_of, fields, shapes),
        st.builds(typed_dict_of, fields, st.booleans()),
        inner.map(page_of),
        inner.map(alias_of),
    )


ALL = st.recursive(leaves, _containers, max_leaves=5)
