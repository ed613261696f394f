"""Conversions of objects with named fields: dataclasses and TypedDicts."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Final, Generic

from pooljobs.convert.alike import same_deep
from pooljobs.convert.conversion import Conversion, never
from pooljobs.convert.mismatch import Converter, Mismatch, differs, expected, missing, refused, unknown
from pooljobs.payload.path import at_key

_MAKE_OTHERS: Final = frozenset(
    {"__post_init__", "__new__", "__getattribute__", "__getattr__", "__pydantic_core_schema__"}
)


@dataclasses.dataclass(frozen=True, slots=True)
class FieldTable:
    """The fields of an object: their conversions, which must be there, which are not passed on.

    A ``tolerant`` one passes over what it does not know.
    """

    fields: Mapping[str, Conversion]
    required: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    tolerant: bool = False

    @classmethod
    def of_dataclass(
        cls, type_: type[Any], compile_field: Callable[[str], Conversion], *, tolerant: bool
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

    def read(self, value: dict[str, Any]) -> dict[str, Any]:
        """Fields by name, each read. Raises ``Mismatch`` for missing, wrong and, unless tolerant, unknown ones."""
        known, fields = self.fields, {}
        for name, part in value.items():
            try:
                read = known[name].read
            except KeyError:
                if self.tolerant or name in self.ignored:
                    continue
                raise unknown(name, known) from None
            if read is None:
                fields[name] = part
                continue
            try:
                fields[name] = read(part)
            except Mismatch as found:
                raise found.under(at_key(name)) from None
        if not self.required <= fields.keys():
            raise missing(next(name for name in known if name in self.required and name not in fields))
        return fields

    def owns(self, value: Mapping[str, Any]) -> bool:
        """Whether each field is there that must be, and each that is there has a value of its annotation."""
        known = self.fields
        return self.required <= value.keys() <= known.keys() and all(known[n].owns(part) for n, part in value.items())

    def exact(self, value: Mapping[str, Any]) -> bool:
        """The same, of values that are proved to arrive as they are."""
        known = self.fields
        return self.required <= value.keys() <= known.keys() and all(known[n].exact(part) for n, part in value.items())

    def same(self, sent: Mapping[str, Any], arrived: Mapping[str, Any]) -> None:
        """Raises ``Mismatch`` unless each field arrives as it was sent; but what nobody takes does not arrive."""
        for name, part in sent.items():
            field = self.fields.get(name)
            try:
                if field is not None:
                    field.same(part, arrived[name])
                elif name in arrived:
                    same_deep(part, arrived[name])
            except Mismatch as found:
                raise found.under(at_key(name)) from None


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

    return Conversion(_made_of(cls, table), owns, same, _exact(cls, table) if only_fields else never, nested=True)


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

    return Conversion(read, owns, same, exact, nested=True)


def _holds_only_fields(cls: type[Any]) -> bool:
    """Whether ``cls`` stores what it is given and nothing else: it makes the same of the same fields."""
    parameters: Any = cls.__dict__.get("__dataclass_params__")
    if parameters is None or not parameters.init or type(cls) is not type:
        return False
    own = {name for base in cls.__mro__[:-1] if base is not Generic for name in vars(base)}
    if own & _MAKE_OTHERS or ("__setattr__" in own and not parameters.frozen):
        return False
    return all(field.init for field in dataclasses.fields(cls))
