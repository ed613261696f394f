"""Chooses the conversion of an annotation. Runs at declaration, so what it cannot build is refused there."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections import abc
from collections.abc import Callable, Sequence
from enum import Enum
from inspect import Parameter
from typing import Annotated, Any, Final, get_args, get_origin

from pooljobs.convert import hints as names
from pooljobs.convert.containers import (
    fixed_tuple_conversion,
    list_conversion,
    set_conversion,
    tuple_conversion,
)
from pooljobs.convert.conversion import ANYTHING, Conversion
from pooljobs.convert.hints import told
from pooljobs.convert.mappings import mapping_conversion
from pooljobs.convert.models import constrained, constrains, model_conversion
from pooljobs.convert.scalars import SCALARS, enum_conversion, literal_conversion
from pooljobs.convert.structures import FieldTable, dataclass_conversion, typed_dict_conversion
from pooljobs.convert.unions import union_conversion
from pooljobs.errors import DeclarationError
from pooljobs.payload.pydantic_models import is_model_type

_ABSTRACT_LISTS: Final = frozenset({abc.Sequence, abc.MutableSequence, abc.Collection, abc.Iterable})
_ABSTRACT_SETS: Final = frozenset({abc.Set, abc.MutableSet})
_MAPPINGS: Final = frozenset({dict, abc.Mapping, abc.MutableMapping})
_WAYS_OUT: Final = {
    bytes: "take a str, for example in base64",
    bytearray: "take a str, for example in base64",
    typing.ForwardRef: "write an annotation that holds itself as a type statement",
}
_MOST_OF_ONE: Final = 16


def compile_conversion(annotation: object, *, tolerant: bool = False) -> Conversion:
    """The conversion of ``annotation``.

    A ``tolerant`` one passes over fields that its dataclasses and TypedDicts do not have. Of a union it takes the
    first member that fits to the letter, and only if there is none the first that fits so.

    Raises:
        DeclarationError: The annotation names something that JSON cannot be turned into.
    """
    try:
        return _Compiler(tolerant=tolerant).compile(annotation)
    except DeclarationError:
        raise
    except RecursionError as error:
        raise DeclarationError(f"{told(annotation):.80} holds itself without end") from error
    except Exception as error:
        raise DeclarationError(f"{told(annotation):.80} cannot be built from JSON: {error}") from error


class _Compiler:
    """One compilation: remembers what has a name, so that it may hold itself."""

    def __init__(self, *, tolerant: bool) -> None:
        self._named: dict[tuple[object, str], Conversion | None] = {}
        self._strict = _Compiler(tolerant=False) if tolerant else None
        self._unheld: tuple[object, ...] = ()

    def compile(self, annotation: object) -> Conversion:
        """Raises DeclarationError, and whatever an annotation's own code raises."""
        annotation = names.resolved(annotation)
        if annotation in (Any, object):
            return ANYTHING
        if get_origin(annotation) is Annotated:
            return self._annotated(annotation)
        if names.is_alias(annotation):
            return self._alias(annotation)
        if names.is_union(annotation):
            return self._union(annotation)
        return SCALARS.get(annotation) or self._held(annotation)

    def _held(self, annotation: object) -> Conversion:
        if names.is_literal(annotation):
            return _some(literal_conversion(get_args(annotation)), annotation)
        before, self._unheld = self._unheld, ()  # what follows stands in an object or a list
        try:
            return self._structure(annotation) or self._container(annotation)
        finally:
            self._unheld = before

    def _annotated(self, annotation: object) -> Conversion:
        bare, *metadata = get_args(annotation)
        compiled = self.compile(bare)
        return constrained(annotation, compiled) if any(map(constrains, metadata)) else compiled

    def _alias(self, annotation: object) -> Conversion:
        if annotation in self._unheld:
            raise DeclarationError(f"{told(annotation)} means itself")
        before, self._unheld = self._unheld, (*self._unheld, annotation)
        try:
            return self._once(annotation, lambda: self.compile(names.value_of_alias(annotation)))
        finally:
            self._unheld = before

    def _once(self, annotation: object, compile_: Callable[[], Conversion]) -> Conversion:
        """What has a name is compiled once; where it is under way further up, it is looked up when a value comes."""
        key = (annotation, repr(annotation))  # unions are equal in any order, and are not the same
        if key not in self._named:
            self._named[key] = None
            self._named[key] = compile_()
        return self._named[key] or _later(lambda: self._named[key])

    def _structure(self, annotation: object) -> Conversion | None:
        cls = get_origin(annotation) or annotation
        if is_model_type(annotation):
            return self._once(annotation, lambda: model_conversion(annotation))
        if not isinstance(cls, type):
            return None
        if names.is_typed_dict(cls) or dataclasses.is_dataclass(cls):
            if sum(get_origin(other) is cls for other, _ in self._named) > _MOST_OF_ONE:
                raise DeclarationError(f"{told(cls)} holds itself with other arguments, without end")
            return self._once(annotation, lambda: self._fields(annotation, cls))
        return _some(enum_conversion(cls), cls) if issubclass(cls, Enum) else None

    def _fields(self, annotation: object, cls: type[Any]) -> Conversion:
        hints = names.field_hints(annotation, cls)
        tolerant = self._strict is not None
        if dataclasses.is_dataclass(cls):
            _refuse_lost(cls)
            table = FieldTable.of_dataclass(cls, lambda name: self.compile(hints[name]), tolerant=tolerant)
            return dataclass_conversion(cls, table)
        fields = {name: self.compile(hint) for name, hint in hints.items()}
        return typed_dict_conversion(
            FieldTable(fields, names.required_keys(cls, hints), tolerant=tolerant), cls.__qualname__
        )

    def _union(self, annotation: object) -> Conversion:
        members = self._members(annotation)
        compiled = list(map(self.compile, members))
        if ANYTHING in compiled:
            return ANYTHING
        strict: Sequence[Conversion] = ()
        if self._strict is not None and sum(type(None) not in member.kinds for member in compiled) > 1:
            strict = list(map(self._strict.compile, members))
        return union_conversion(compiled, " or ".join(map(told, members)), strict)

    def _members(self, annotation: object, aliases: tuple[object, ...] = ()) -> list[object]:
        """Members of a union, and of the unions that are its members by another name."""
        annotation = names.resolved(annotation)
        if names.is_alias(annotation):
            if annotation in aliases or annotation in self._unheld:
                raise DeclarationError(f"{told(annotation)} is a member of itself")
            value = names.value_of_alias(annotation)
            inner = self._members(value, (*aliases, annotation))
            return inner if len(inner) > 1 else [annotation]
        if names.is_union(annotation):
            return [member for arg in get_args(annotation) for member in self._members(arg, aliases)]
        return [annotation]

    def _container(self, annotation: object) -> Conversion:
        kind: Any = get_origin(annotation) or annotation
        args = get_args(annotation)
        item: object = args[0] if args else Any
        if kind is list:
            return list_conversion(self.compile(item))
        if kind in _ABSTRACT_LISTS:
            return list_conversion(self.compile(item), (list, tuple))
        if kind is tuple:
            return self._tuple(args)
        if kind in (set, frozenset):
            return set_conversion(self.compile(item), kind, (kind,))
        if kind in _ABSTRACT_SETS:
            return set_conversion(self.compile(item), set, (set, frozenset))
        if kind in _MAPPINGS:
            return self._mapping(annotation, *(args or (str, Any)))
        hint = "annotate it State[…] if it is to be injected, or use a dataclass for data"
        raise DeclarationError(
            f"{told(annotation)} cannot be built from JSON",
            hint=_WAYS_OUT.get(kind if isinstance(kind, type) else type(kind), hint),
        )

    def _tuple(self, args: tuple[Any, ...]) -> Conversion:
        if not args or args[-1] is Ellipsis:
            return tuple_conversion(self.compile(args[0] if args else Any))
        return fixed_tuple_conversion([self.compile(arg) for arg in args if arg != ()])

    def _mapping(self, annotation: object, key: object, item: object) -> Conversion:
        keys = self.compile(key)
        if not keys.as_key:
            hint = f"take them as dict[str, {told(item)}]"
            raise DeclarationError(f"{told(annotation)}: keys of a JSON object are strings", hint=hint)
        return mapping_conversion(keys, self.compile(item))


def _later(find: Callable[[], Conversion | None]) -> Conversion:
    def found() -> Conversion:
        conversion = find()
        assert conversion is not None
        return conversion

    def read(value: Any) -> Any:
        read_ = found().read
        return value if read_ is None else read_(value)

    return Conversion(
        read,
        lambda sent: found().owns(sent),
        lambda sent, arrived: found().same(sent, arrived),
        lambda sent: found().exact(sent),
        nested=True,
    )


def _some(conversion: Conversion | None, annotation: object) -> Conversion:
    if conversion is None:
        raise DeclarationError(f"{told(annotation)} has no value that JSON could hold")
    return conversion


def _refuse_lost(cls: type[Any]) -> None:
    """Refuses a dataclass that must be given what it does not keep, as an InitVar: none could arrive."""
    kept = {field.name for field in dataclasses.fields(cls) if field.init}
    for parameter in inspect.signature(cls).parameters.values():
        named = parameter.kind in (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY, Parameter.POSITIONAL_ONLY)
        if named and parameter.default is Parameter.empty and parameter.name not in kept:
            raise DeclarationError(
                f"{cls.__qualname__} must be given {parameter.name}, which is none of its fields and is not stored",
                hint="make it a field, or give it a default",
            )
