"""Chooses the converter of an annotation. Runs at declaration, so what it cannot build is refused there."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections import abc
from enum import Enum
from typing import Annotated, Any, Final, Literal, NewType, TypeVar, Union, get_args, get_origin, get_type_hints

from pooljobs.convert.containers import list_converter, mapping_converter, tuple_converter, union_converter
from pooljobs.convert.mismatch import Converter
from pooljobs.convert.scalars import SCALARS, enum_converter, literal_converter
from pooljobs.convert.structures import FieldTable, dataclass_converter, model_converter, object_converter
from pooljobs.errors import DeclarationError
from pooljobs.payload.pydantic_models import is_model_type

_LISTS: Final = frozenset({list, abc.Sequence, abc.MutableSequence, abc.Collection, abc.Iterable})
_SETS: Final = frozenset({set, abc.Set, abc.MutableSet})
_MAPPINGS: Final = frozenset({dict, abc.Mapping, abc.MutableMapping})
_NOT_KEYS: Final = frozenset({int, float, bool, None, type(None)})


def compile_converter(annotation: object, *, tolerant: bool = False) -> Converter | None:
    """The converter of ``annotation``, or None where any JSON value goes as it is.

    A ``tolerant`` one passes over fields that its dataclasses do not have. Of a union it takes the first member that
    fits to the letter, and only if there is none the first that fits so.

    Raises:
        DeclarationError: The annotation names something that JSON cannot be turned into.
    """
    return _Compiler(tolerant=tolerant).compile(annotation)


class _Compiler:
    """One compilation: remembers the dataclasses under way, so that they may hold themselves."""

    def __init__(self, *, tolerant: bool) -> None:
        self._dataclasses: dict[object, Converter | None] = {}
        self._strict = _Compiler(tolerant=False) if tolerant else None

    def compile(self, annotation: object) -> Converter | None:
        annotation = _bare(annotation)
        if annotation in (Any, object):
            return None
        scalar = SCALARS.get(annotation)
        if scalar is not None:
            return scalar
        origin, args = get_origin(annotation), get_args(annotation)
        if origin is Literal:
            return literal_converter(args)
        if origin in (Union, types.UnionType):
            return self._union(args)
        return self._structure(annotation, origin or annotation) or self._container(annotation, origin, args)

    def _structure(self, annotation: object, cls: object) -> Converter | None:
        if typing.is_typeddict(cls):
            return object_converter("an object")
        if is_model_type(annotation):
            return model_converter(annotation)
        if isinstance(cls, type) and dataclasses.is_dataclass(cls):
            return self._dataclass(annotation, cls)
        if isinstance(cls, type) and issubclass(cls, Enum):
            return enum_converter(cls)
        return None

    def _dataclass(self, annotation: object, cls: type[Any]) -> Converter:
        if annotation in self._dataclasses:
            return self._later(annotation)
        self._dataclasses[annotation] = None
        hints = _field_hints(annotation, cls)
        tolerant = self._strict is not None
        table = FieldTable.of_dataclass(cls, lambda name: self.compile(hints[name]), tolerant=tolerant)
        converter = dataclass_converter(cls, table)
        self._dataclasses[annotation] = converter
        return converter

    def _later(self, annotation: object) -> Converter:
        """A dataclass that is being compiled further up, or was before: looked up when the first value comes."""

        def convert(value: Any) -> Any:
            known = self._dataclasses[annotation]
            assert known is not None
            return known(value)

        return convert

    def _union(self, members: tuple[object, ...]) -> Converter | None:
        compiled = [(_bare(member), self.compile(member)) for member in members]
        chosen = [(member, convert) for member, convert in compiled if convert is not None]
        if len(chosen) < len(compiled):
            return None  # one member takes anything
        told = " or ".join(_told(member) for member, _ in compiled)
        if self._strict is not None and sum(member is not type(None) for member, _ in chosen) > 1:
            to_the_letter = [(_bare(member), self._strict.compile(member)) for member in members]
            chosen = [(member, convert) for member, convert in to_the_letter if convert is not None] + chosen
        return union_converter(chosen, told)

    def _container(self, annotation: object, origin: object, args: tuple[Any, ...]) -> Converter:
        kind = origin or annotation
        if kind in _LISTS:
            return list_converter(self.compile(args[0] if args else Any))
        if kind in _SETS or kind is frozenset:
            return list_converter(self.compile(args[0] if args else Any), frozenset if kind is frozenset else set)
        if kind is tuple:
            return self._tuple(args)
        if kind in _MAPPINGS:
            return self._mapping(annotation, *(args or (str, Any)))
        raise DeclarationError(
            f"{_told(annotation)} cannot be built from JSON",
            hint="annotate it State[…] if it is to be injected, or use a dataclass for data",
        )

    def _tuple(self, args: tuple[Any, ...]) -> Converter:
        if not args or args[-1] is Ellipsis:
            return list_converter(self.compile(args[0] if args else Any), tuple)
        return tuple_converter([self.compile(arg) for arg in args if arg != ()])

    def _mapping(self, annotation: object, key: object, item: object) -> Converter:
        if _bare(key) in _NOT_KEYS:
            raise DeclarationError(f"{_told(annotation)}: keys of a JSON object are strings")
        return mapping_converter(None if _bare(key) is str else self.compile(key), self.compile(item))


def _bare(annotation: object) -> object:
    """Without what means nothing to a converter: Annotated, NewType, type aliases, type variables."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif isinstance(annotation, NewType):
            annotation = annotation.__supertype__
        elif isinstance(annotation, TypeVar):
            annotation = annotation.__bound__ or Any
        elif type(annotation).__name__ == "TypeAliasType":  # in typing from Python 3.12 on
            annotation = annotation.__value__  # type: ignore[attr-defined] # the check above says that it has one
        else:
            return annotation


def _field_hints(annotation: object, cls: type[Any]) -> dict[str, Any]:
    """Annotations of a dataclass's fields, with the type variables of a generic one filled in."""
    try:
        hints = get_type_hints(cls, include_extras=True)
    except NameError as error:
        raise DeclarationError(
            f"a field of {cls.__qualname__} has an annotation that cannot be resolved: {error}",
            hint="define or import that name at module level, not inside a function or under TYPE_CHECKING",
        ) from error
    values = dict(zip(getattr(cls, "__parameters__", ()), get_args(annotation), strict=False))
    return {name: _filled(hint, values) for name, hint in hints.items()}


def _filled(hint: Any, values: dict[Any, Any]) -> Any:
    if not values:
        return hint
    if isinstance(hint, TypeVar):
        return values.get(hint, hint)
    parameters = getattr(hint, "__parameters__", ())
    return hint[tuple(values.get(p, p) for p in parameters)] if parameters else hint


def _told(annotation: object) -> str:
    return annotation.__qualname__ if isinstance(annotation, type) else str(annotation).removeprefix("typing.")
