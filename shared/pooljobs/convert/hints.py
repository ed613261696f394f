"""What annotations mean, apart from how their values are read: names resolved, type variables filled in."""

from __future__ import annotations

import dataclasses
import inspect
import types
from inspect import Parameter
from typing import Any, Final, Literal, NewType, TypeVar, Union, get_args, get_origin, get_type_hints

from pooljobs.errors import DeclarationError

_QUALIFIERS: Final = frozenset({"Required", "NotRequired", "ReadOnly", "Final"})


def resolved(annotation: object) -> object:
    """Without what a value does not show: NewType, type variables, qualifiers of fields."""
    while True:
        if isinstance(annotation, NewType):
            annotation = annotation.__supertype__
        elif isinstance(annotation, TypeVar):
            annotation = _of_variable(annotation)
        elif qualifier(annotation) is not None:
            annotation = get_args(annotation)[0]
        else:
            return annotation


def qualifier(annotation: object) -> str | None:
    """``Required``, ``NotRequired`` and the like, if that is what the annotation begins with."""
    name = getattr(get_origin(annotation), "_name", None)
    return name if name in _QUALIFIERS else None


def is_union(annotation: object) -> bool:
    """Whether it is a union, written either way."""
    return get_origin(annotation) in (Union, types.UnionType)


def is_literal(annotation: object) -> bool:
    """Whether it is a ``Literal``."""
    return get_origin(annotation) is Literal


def is_alias(annotation: object) -> bool:
    """Whether it is what a ``type`` statement makes, with or without arguments."""
    return type(get_origin(annotation) or annotation).__name__ == "TypeAliasType"  # in typing from Python 3.12 on


def value_of_alias(annotation: Any) -> object:
    """What a ``type`` statement says, with the arguments filled in."""
    alias: Any = get_origin(annotation) or annotation
    return filled(alias.__value__, dict(zip(alias.__type_params__, get_args(annotation), strict=False)))


def is_typed_dict(cls: object) -> bool:
    """Whether ``cls`` is a TypedDict, of ``typing`` or ``typing_extensions``."""
    return isinstance(cls, type) and issubclass(cls, dict) and hasattr(cls, "__required_keys__")


def required_keys(cls: Any, hints: dict[str, Any]) -> frozenset[str]:
    """Keys that a TypedDict must have. Where its annotations were text, Python itself has not seen the qualifiers."""
    told = {name: _required(hint) for name, hint in hints.items()}
    return frozenset(name for name in hints if told[name] or (told[name] is None and name in cls.__required_keys__))


def _required(hint: object) -> bool | None:
    while (name := qualifier(hint)) is not None:
        if name in ("Required", "NotRequired"):
            return name == "Required"
        hint = get_args(hint)[0]
    return None


def field_hints(annotation: object, cls: type[Any]) -> dict[str, Any]:
    """Annotations of a class's fields, with the type variables of a generic one filled in.

    Raises:
        DeclarationError: A name cannot be resolved.
    """
    try:
        hints = get_type_hints(cls, include_extras=True)
    except (NameError, AttributeError, SyntaxError, TypeError) as error:
        raise DeclarationError(
            f"a field of {cls.__qualname__} has an annotation that cannot be resolved: {error}",
            hint="define or import that name at module level, not inside a function or under TYPE_CHECKING",
        ) from error
    values = dict(zip(getattr(cls, "__parameters__", ()), get_args(annotation), strict=False))
    return {name: filled(hint, values) for name, hint in hints.items()}


def filled(hint: Any, values: dict[Any, Any]) -> Any:
    """The hint with the type variables replaced that have values."""
    if not values:
        return hint
    if isinstance(hint, TypeVar):
        return values.get(hint, hint)
    parameters = getattr(hint, "__parameters__", ())
    return hint[tuple(values.get(p, p) for p in parameters)] if parameters and get_origin(hint) else hint


def refuse_lost(cls: type[Any]) -> None:
    """Refuses a dataclass that must be given what it does not keep, as an InitVar: none could arrive."""
    kept = {field.name for field in dataclasses.fields(cls) if field.init}
    for parameter in inspect.signature(cls).parameters.values():
        named = parameter.kind in (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY, Parameter.POSITIONAL_ONLY)
        if named and parameter.default is Parameter.empty and parameter.name not in kept:
            raise DeclarationError(
                f"{cls.__qualname__} must be given {parameter.name}, which is none of its fields and is not stored",
                hint="make it a field, or give it a default",
            )


def told(annotation: object) -> str:
    """What messages call it."""
    return annotation.__qualname__ if isinstance(annotation, type) else str(annotation).removeprefix("typing.")


def _of_variable(variable: TypeVar) -> object:
    if variable.__constraints__:
        return Union[variable.__constraints__]  # noqa: UP007  # made of a tuple
    return variable.__bound__ if variable.__bound__ is not None else Any
