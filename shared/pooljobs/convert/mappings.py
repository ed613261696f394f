"""Conversions of mappings, made from the conversions of their keys and values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pooljobs.convert.conversion import Conversion
from pooljobs.convert.mismatch import Converter, Mismatch, differs, expected
from pooljobs.payload.path import at_key


def mapping_conversion(key: Conversion, item: Conversion) -> Conversion:
    """A dict whose keys and values all fit. Its order is not kept by jsonb."""
    read_key, read_item, text_keys = key.read, item.read, str in key.kinds

    def read(value: Any) -> Any:
        if not isinstance(value, dict):
            raise expected("an object", value)
        if read_item is None and (read_key is None or text_keys):
            return value
        return {read_part(read_key, name, name): read_part(read_item, part, name) for name, part in value.items()}

    def owns(sent: Any) -> bool:
        return isinstance(sent, dict) and all(map(key.owns, sent)) and all(map(item.owns, sent.values()))

    def exact(sent: Any) -> bool:
        if type(sent) is not dict or not key.kinds.issuperset(map(type, sent)):
            return False
        return item.kinds.issuperset(map(type, sent.values())) or all(map(item.exact, sent.values()))

    return Conversion(read, owns, same=_same(key, item), exact=exact, nested=True)


def _same(key: Conversion, item: Conversion) -> Callable[[Any, Any], None]:
    def same(sent: Any, arrived: Any) -> None:
        if not isinstance(sent, dict) or not isinstance(arrived, dict) or len(sent) != len(arrived):
            raise differs(sent, arrived)
        for (name, part), (other_name, other) in zip(sent.items(), arrived.items(), strict=True):  # as it was written
            try:
                key.same(name, other_name)
                item.same(part, other)
            except Mismatch as found:
                raise found.under(at_key(str(other_name))) from None

    return same


def read_part(read: Converter | None, value: Any, step: int | str) -> Any:
    """One part of a list or an object; a ``Mismatch`` says which one it was."""
    if read is None:
        return value
    try:
        return read(value)
    except Mismatch as found:
        raise found.under(f"[{step}]" if isinstance(step, int) else at_key(step)) from None
