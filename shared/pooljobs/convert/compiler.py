"""Chooses the conversion of an annotation. Runs at declaration, so what it cannot build is refused there."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Annotated, Any, Final, get_args, get_origin

from pooljobs.convert import hints as names
from pooljobs.convert.choices import enum_conversion, literal_conversion
from pooljobs.convert.conversion import ANYTHING, Conversion, later
from pooljobs.convert.field_table import FieldTable
from pooljobs.convert.generics import container_conversion
from pooljobs.convert.hints import told
from pooljobs.convert.models import constrained, constrains, model_conversion
from pooljobs.convert.scalars import SCALARS
from pooljobs.convert.structures import dataclass_conversion, typed_dict_conversion
from pooljobs.convert.unions import union_conversion
from pooljobs.errors import DeclarationError
from pooljobs.payload.pydantic_models import is_model_type

_MOST_OF_ONE: Final = 8


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
            return self._structure(annotation) or container_conversion(annotation, self.compile)
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
        return self._named[key] or later(lambda: self._named[key])

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
            names.refuse_lost(cls)
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


def _some(conversion: Conversion | None, annotation: object) -> Conversion:
    if conversion is None:
        raise DeclarationError(f"{told(annotation)} has no value that JSON could hold")
    return conversion
