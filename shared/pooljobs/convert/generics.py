"""Chooses the conversion of a list, tuple, set or mapping by what it is declared to hold."""

from __future__ import annotations

import typing
from collections import abc
from collections.abc import Callable
from typing import Any, Final, get_args, get_origin

from pooljobs.convert.containers import (
    fixed_tuple_conversion,
    list_conversion,
    set_conversion,
    tuple_conversion,
)
from pooljobs.convert.conversion import Conversion
from pooljobs.convert.hints import told
from pooljobs.convert.mappings import mapping_conversion
from pooljobs.errors import DeclarationError

_ABSTRACT_LISTS: Final = frozenset({abc.Sequence, abc.MutableSequence, abc.Collection, abc.Iterable})
_ABSTRACT_SETS: Final = frozenset({abc.Set, abc.MutableSet})
_MAPPINGS: Final = frozenset({dict, abc.Mapping, abc.MutableMapping})
_WAYS_OUT: Final = {
    bytes: "take a str, for example in base64",
    bytearray: "take a str, for example in base64",
    typing.ForwardRef: "write an annotation that holds itself as a type statement",
}


def container_conversion(annotation: object, compile_: Callable[[object], Conversion]) -> Conversion:
    """The conversion of a list, tuple, set or mapping. Raises DeclarationError for anything else."""
    kind: Any = get_origin(annotation) or annotation
    args = get_args(annotation)
    item: object = args[0] if args else Any
    if kind is list:
        return list_conversion(compile_(item))
    if kind in _ABSTRACT_LISTS:
        return list_conversion(compile_(item), (list, tuple))
    if kind is tuple:
        return _tuple(args, compile_)
    if kind in (set, frozenset):
        return set_conversion(compile_(item), kind, (kind,))
    if kind in _ABSTRACT_SETS:
        return set_conversion(compile_(item), set, (set, frozenset))
    if kind in _MAPPINGS:
        key, item = args or (str, Any)
        return _mapping(annotation, compile_(key), item, compile_)
    hint = "annotate it State[…] if it is to be injected, or use a dataclass for data"
    raise DeclarationError(
        f"{told(annotation)} cannot be built from JSON",
        hint=_WAYS_OUT.get(kind if isinstance(kind, type) else type(kind), hint),
    )


def _tuple(args: tuple[Any, ...], compile_: Callable[[object], Conversion]) -> Conversion:
    if not args or args[-1] is Ellipsis:
        return tuple_conversion(compile_(args[0] if args else Any))
    return fixed_tuple_conversion([compile_(arg) for arg in args if arg != ()])


def _mapping(annotation: object, key: Conversion, item: object, compile_: Callable[[object], Conversion]) -> Conversion:
    if not key.as_key:
        hint = f"take them as dict[str, {told(item)}]"
        raise DeclarationError(f"{told(annotation)}: keys of a JSON object are strings", hint=hint)
    return mapping_conversion(key, compile_(item))
