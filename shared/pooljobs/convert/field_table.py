"""The fields of a dataclass or a TypedDict, and of a handler's keywords: read, known and compared by name."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from pooljobs.convert.alike import same_deep
from pooljobs.convert.conversion import Conversion
from pooljobs.convert.mismatch import Mismatch, missing, unknown
from pooljobs.payload.path import at_key


@dataclasses.dataclass(frozen=True, slots=True)
class FieldTable:
    """The fields of an object: their conversions, which must be there, which are not passed on.

    A ``tolerant`` one passes over what it does not know.
    """

    fields: Mapping[str, Conversion]
    required: frozenset[str] = frozenset()
    _: dataclasses.KW_ONLY
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
            ignored=frozenset(f.name for f in dataclasses.fields(type_) if not f.init),
            tolerant=tolerant,
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
