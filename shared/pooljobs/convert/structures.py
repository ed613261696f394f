"""Converters of objects with named fields: dataclasses, TypedDicts and pydantic models."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from pooljobs.convert.mismatch import Converter, Mismatch, expected, missing, unknown
from pooljobs.payload.path import at_key

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError


@dataclasses.dataclass(frozen=True, slots=True)
class FieldTable:
    """The fields of an object: their converters (None: as it is), which must be there, which are not passed on.

    A ``tolerant`` one passes over what it does not know.
    """

    converters: Mapping[str, Converter | None]
    required: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    tolerant: bool = False

    @classmethod
    def of_dataclass(
        cls, type_: type[Any], compile_field: Callable[[str], Converter | None], *, tolerant: bool
    ) -> FieldTable:
        """Reads a dataclass's fields. Those that ``__init__`` does not take may stand in a payload and are left out."""
        given = [f for f in dataclasses.fields(type_) if f.init]
        absent = dataclasses.MISSING
        return cls(
            {f.name: compile_field(f.name) for f in given},
            frozenset(f.name for f in given if f.default is absent and f.default_factory is absent),
            frozenset(f.name for f in dataclasses.fields(type_) if not f.init),
            tolerant,
        )

    def converted(self, value: dict[str, Any]) -> dict[str, Any]:
        """Fields by name, each converted. Raises ``Mismatch`` for missing, wrong and, unless tolerant, unknown ones."""
        converters, fields = self.converters, {}
        for name, part in value.items():
            try:
                convert = converters[name]
            except KeyError:
                if self.tolerant or name in self.ignored:
                    continue
                raise unknown(name, converters) from None
            if convert is None:
                fields[name] = part
                continue
            try:
                fields[name] = convert(part)
            except Mismatch as found:
                raise found.under(at_key(name)) from None
        if not self.required <= fields.keys():
            raise missing(next(name for name in converters if name in self.required and name not in fields))
        return fields


def dataclass_converter(cls: type[Any], table: FieldTable) -> Converter:
    """Builds ``cls`` from an object. A ValueError or TypeError of its ``__post_init__`` is told as a wrong value."""

    def convert(value: Any) -> Any:
        if not isinstance(value, dict):
            raise expected(f"an object with the fields of {cls.__qualname__}", value)
        fields = table.converted(value)
        try:
            return cls(**fields)
        except (TypeError, ValueError) as error:
            raise Mismatch(f": {cls.__qualname__} refused it: {error}") from error

    return convert


def object_converter(told: str) -> Converter:
    """Any object, as it is."""

    def convert(value: Any) -> Any:
        if isinstance(value, dict):
            return value
        raise expected(told, value)

    return convert


def model_converter(cls: type[BaseModel]) -> Converter:
    """Validates by pydantic in its JSON mode, where a strict model takes a string for a date and a list for a set."""

    def convert(value: Any) -> Any:
        try:
            return cls.model_validate_json(orjson.dumps(value))
        except ValueError as error:
            raise _from_pydantic(cls, error) from error

    return convert


def _from_pydantic(cls: type[BaseModel], error: ValueError | ValidationError) -> Mismatch:
    errors = getattr(error, "errors", None)
    if errors is None:
        return Mismatch(f": {cls.__qualname__} refused it: {error}")
    first = errors(include_url=False)[0]
    found = Mismatch(f": {first['msg']} ({cls.__qualname__})")
    for step in reversed(first["loc"]):
        found.under(f"[{step}]" if isinstance(step, int) else at_key(str(step)))
    return found
