"""What an annotation is compiled to: how its values are read from JSON, and whether one will arrive as it was sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from types import NoneType
from typing import Any, Final

from pooljobs.convert.mismatch import Converter, differs

JSON_SCALARS: Final[frozenset[type]] = frozenset({str, int, float, bool, NoneType})
_KEY_TYPES: Final = frozenset({str})


def never(_sent: Any) -> bool:
    """Of no value."""
    return False


@dataclass(frozen=True, slots=True)
class Conversion:
    """The compiled form of one annotation.

    Attributes:
        read: Makes a value of what was decoded from JSON, or raises ``Mismatch``. None: any JSON value as it is.
        owns: Whether a value is one of those that the annotation means, and not another way to write one in JSON.
        same: ``same(sent, arrived)`` raises ``Mismatch`` unless what would arrive is what was sent. What is not the
            annotation's own may also be its JSON: a date's text, the dict of a dataclass.
        exact: Whether a value is proved to arrive as it should, so that nobody has to read it back to know.
        kinds: Types whose values are all exact; empty where more than the type has to be looked at.
        as_key: Whether there are values that the keys of a JSON object can hold.
        nested: It holds values of other annotations.
    """

    read: Converter | None
    owns: Callable[[Any], bool]
    _: KW_ONLY
    same: Callable[[Any, Any], None]
    exact: Callable[[Any], bool] = never
    kinds: frozenset[type] = frozenset()
    as_key: bool = False
    nested: bool = False


def leaf(
    read: Converter,
    owns: Callable[[Any], bool],
    exact: Callable[[Any], bool] = never,
    *,
    kinds: frozenset[type] = frozenset(),
    as_key: bool = False,
) -> Conversion:
    """Of values that hold no others. Those of ``kinds`` are exact."""

    def same(sent: Any, arrived: Any) -> None:
        if type(sent) is type(arrived) and type(sent) in kinds and sent == arrived:
            return
        own = owns(sent)
        if (own and not owns(arrived)) or (not equal(sent, arrived) and (own or type(sent) not in JSON_SCALARS)):
            raise differs(sent, arrived)

    return Conversion(
        read,
        owns,
        same=same,
        exact=lambda sent: type(sent) in kinds or exact(sent),
        kinds=kinds,
        as_key=as_key,
    )


def later(find: Callable[[], Conversion | None]) -> Conversion:
    """Of what is still being compiled further up: ``find`` is asked when a value comes."""

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
        same=lambda sent, arrived: found().same(sent, arrived),
        exact=lambda sent: found().exact(sent),
        nested=True,
    )


def equal(sent: Any, arrived: Any) -> bool:
    """Whether two values without parts are equal, and ``arrived`` of the class of ``sent``, or of one it stems from.

    A float is as good as the int that was given for it. Nothing that cannot be compared is equal.
    """
    kind = type(arrived)
    if type(sent) is not kind and not isinstance(sent, kind) and not (kind is float and type(sent) is int):
        return False
    try:
        return bool(sent == arrived)
    except Exception as error:  # a signalling NaN, a class of the user's
        if isinstance(error, MemoryError):
            raise
        return False


def _same_json(sent: Any, arrived: Any) -> None:
    if sent != arrived:
        raise differs(sent, arrived)


def _plain(sent: Any) -> bool:
    """Looks one level deep, at C's speed: what is deeper is read back, which is as fast."""
    kind = type(sent)
    if kind is dict:
        return JSON_SCALARS.issuperset(map(type, sent.values())) and _KEY_TYPES.issuperset(map(type, sent))
    return kind in JSON_SCALARS or (kind is list and JSON_SCALARS.issuperset(map(type, sent)))


ANYTHING: Final = Conversion(None, lambda _sent: True, same=_same_json, exact=_plain, kinds=JSON_SCALARS, as_key=True)
"""Any JSON value, as it is."""
