"""Conversions of objects with named fields: dataclasses and TypedDicts."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Final, Generic

from pooljobs.convert.conversion import Conversion, never
from pooljobs.convert.field_table import FieldTable
from pooljobs.convert.mismatch import Converter, differs, expected, refused

_MAKE_OTHERS: Final = frozenset(
    {"__post_init__", "__new__", "__getattribute__", "__getattr__", "__pydantic_core_schema__"}
)


def dataclass_conversion(cls: type[Any], table: FieldTable) -> Conversion:
    """An instance of ``cls``, made by calling it. A dict is its JSON."""
    names = tuple(field.name for field in dataclasses.fields(cls))
    only_fields = _holds_only_fields(cls)

    def fields_of(value: Any) -> dict[str, Any]:
        return {name: getattr(value, name) for name in names}

    def owns(sent: Any) -> bool:
        return type(sent) is cls and all(field.owns(getattr(sent, name)) for name, field in table.fields.items())

    def same(sent: Any, arrived: Any) -> None:
        if type(arrived) is cls and type(sent) is cls:
            table.same(fields_of(sent), fields_of(arrived))
        elif type(arrived) is not cls or not isinstance(sent, dict):
            raise differs(sent, arrived)
        elif only_fields:  # otherwise the class may have made something else of what it was given
            table.same(sent, fields_of(arrived))

    return Conversion(
        _made_of(cls, table), owns, same=same, exact=_exact(cls, table) if only_fields else never, nested=True
    )


def _exact(cls: type[Any], table: FieldTable) -> Callable[[Any], bool]:
    proofs = [(name, field.kinds, field.exact) for name, field in table.fields.items()]

    def exact(sent: Any) -> bool:
        if type(sent) is not cls:
            return type(sent) is dict and table.exact(sent)
        for name, kinds, exact_field in proofs:
            value = getattr(sent, name)
            if type(value) not in kinds and not exact_field(value):
                return False
        return True

    return exact


def _made_of(cls: type[Any], table: FieldTable) -> Converter:
    def read(value: Any) -> Any:
        if not isinstance(value, dict):
            raise expected(f"an object with the fields of {cls.__qualname__}", value)
        fields = table.read(value)
        try:
            return cls(**fields)
        except MemoryError:
            raise
        except Exception as error:
            raise refused(cls.__qualname__, error) from error

    return read


def typed_dict_conversion(table: FieldTable, name: str) -> Conversion:
    """A dict with the fields of a TypedDict."""

    def read(value: Any) -> Any:
        if not isinstance(value, dict):
            raise expected(f"an object with the fields of {name}", value)
        return table.read(value)

    def same(sent: Any, arrived: Any) -> None:
        if not isinstance(sent, dict) or not isinstance(arrived, dict):
            raise differs(sent, arrived)
        table.same(sent, arrived)

    def owns(sent: Any) -> bool:
        return isinstance(sent, dict) and table.owns(sent)

    def exact(sent: Any) -> bool:
        return type(sent) is dict and table.exact(sent)

    return Conversion(read, owns, same=same, exact=exact, nested=True)


def _holds_only_fields(cls: type[Any]) -> bool:
    """Whether ``cls`` stores what it is given and nothing else: it makes the same of the same fields."""
    parameters: Any = cls.__dict__.get("__dataclass_params__")
    if parameters is None or not parameters.init or type(cls) is not type:
        return False
    own = {name for base in cls.__mro__[:-1] if base is not Generic for name in vars(base)}
    if own & _MAKE_OTHERS or ("__setattr__" in own and not parameters.frozen):
        return False
    return all(field.init for field in dataclasses.fields(cls))
