"""Reads a handler's signature, once, at declaration: what is payload, what is injected. Used by ``binder``."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import types
import typing
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from inspect import Parameter
from typing import Any, Final, get_origin, get_type_hints

from pooljobs.convert import Conversion, compile_conversion
from pooljobs.errors import DeclarationError
from pooljobs.handler.context import JobContext
from pooljobs.handler.injected import INJECTED
from pooljobs.handler.state import state_type
from pooljobs.payload.pydantic_models import is_model_type

_MAPPINGS: Final = frozenset({dict, Mapping, MutableMapping})


@dataclass(frozen=True, slots=True)
class PayloadParameter:
    """A parameter that takes a part of the payload, or all of it. ``default`` is ``Parameter.empty`` for none."""

    name: str
    annotation: object
    default: object
    positional_only: bool
    conversion: Conversion

    @property
    def required(self) -> bool:
        """Whether a call must give it."""
        return self.default is Parameter.empty


@dataclass(frozen=True, slots=True)
class HandlerSignature:
    """What a handler takes.

    Attributes:
        payload: Parameters filled from the payload, in order.
        whole: The one payload parameter takes the entire payload.
        extra: The handler has ``**kwargs`` and takes keys that no parameter names: the conversion of their values.
        contexts: Names of the parameters that get the ``JobContext``.
        states: Parameters that get application state, and its types.
        tolerant: Payload fields that nobody takes are passed over; a pydantic model decides that itself.
        defaulted: Of contexts and states, the names of those with ``injected()`` for a default.
    """

    payload: tuple[PayloadParameter, ...]
    whole: bool
    extra: Conversion | None
    contexts: tuple[str, ...]
    states: tuple[tuple[str, object], ...]
    tolerant: bool = False
    defaulted: tuple[str, ...] = ()

    @property
    def injected(self) -> frozenset[str]:
        """Names of contexts and states."""
        return frozenset(self.contexts).union(name for name, _ in self.states)


def read_signature(function: Callable[..., object], name: str, *, tolerant: bool = False) -> HandlerSignature:
    """The signature of the handler called ``name``.

    Raises:
        DeclarationError: It has parameters that a job cannot fill, or an annotation that cannot be resolved.
    """
    defaulted: list[str] = []
    payload: list[PayloadParameter] = []
    extra: Conversion | None = None
    contexts: list[str] = []
    states: list[tuple[str, object]] = []
    for parameter in parameters_of(function, name):
        annotation = annotation_of(function, name, parameter)
        state = state_type(annotation)
        if parameter.default is INJECTED:
            _refuse_not_injected(name, parameter, is_payload=state is None and annotation is not JobContext)
            defaulted.append(parameter.name)
        _refuse_unfillable(
            name, parameter, is_payload=state is None and annotation is not JobContext, first=not payload
        )
        if annotation is JobContext:
            contexts.append(parameter.name)
        elif state is not None:
            states.append((parameter.name, state))
        elif parameter.kind is Parameter.VAR_KEYWORD:
            extra = _conversion(name, parameter, annotation, tolerant=tolerant)
        else:
            conversion = _conversion(name, parameter, annotation, tolerant=tolerant)
            payload.append(_payload_parameter(parameter, annotation, conversion))
    whole = len(payload) == 1 and extra is None and _takes_whole(payload[0])
    return HandlerSignature(tuple(payload), whole, extra, tuple(contexts), tuple(states), tolerant, tuple(defaulted))


def parameters_of(function: Callable[..., object], name: str) -> list[Parameter]:
    """The parameters of the function called ``name``.

    Raises:
        DeclarationError: An annotation cannot be evaluated.
    """
    try:
        return list(inspect.signature(function).parameters.values())
    except NameError as error:  # from Python 3.14 on, annotations are evaluated when they are looked at
        raise _unresolved(name, f"an annotation: {error}") from error


def annotation_of(function: Callable[..., object], name: str, parameter: Parameter) -> object:
    """The parameter's annotation as an object; Any where there is none.

    Raises:
        DeclarationError: It cannot be resolved.
    """
    if parameter.annotation is Parameter.empty:
        return Any
    return _resolved(function, name, parameter.name, parameter.annotation)


def _resolved(function: Callable[..., object], name: str, of: str, annotation: object) -> object:
    owner = written(function)
    carrier = types.FunctionType((lambda: None).__code__, {})
    carrier.__annotations__ = {of: annotation}
    try:
        hints = get_type_hints(carrier, getattr(owner, "__globals__", {}), _enclosed(owner), include_extras=True)
    except (NameError, AttributeError, SyntaxError, TypeError) as error:
        raise _unresolved(name, f"{of}: {annotation} ({error})") from error
    return hints[of]


def returned(function: Callable[..., object], name: str) -> object:
    """What the function gives in the end, as annotated, where it is async or gives something to await too; Any where
    there is no annotation.

    Raises:
        DeclarationError: It cannot be resolved.
    """
    annotation = inspect.signature(function).return_annotation
    if annotation is inspect.Signature.empty:
        return Any
    kind = _resolved(function, name, "return", annotation)
    while isinstance(origin := get_origin(kind), type) and issubclass(origin, Awaitable):
        kind = typing.get_args(kind)[-1]
    return kind


def written(function: Any) -> Any:
    """The function in whose text the annotations stand: without decorators, of a partial, of an object's class."""
    while isinstance(function, functools.partial):
        function = function.func
    owner = inspect.unwrap(function)
    return owner if hasattr(owner, "__globals__") else getattr(type(owner), "__call__", owner)  # noqa: B004  # of its class


def _enclosed(function: Any) -> dict[str, object]:
    """Names that the function takes from the functions around it: classes defined locally may be among them."""
    names: dict[str, object] = {}
    cells = zip(
        getattr(getattr(function, "__code__", None), "co_freevars", ()),
        getattr(function, "__closure__", None) or (),
        strict=False,
    )
    for free, cell in cells:
        try:
            names[free] = cell.cell_contents
        except ValueError:
            continue  # not assigned yet
    return names


def _unresolved(name: str, what: str) -> DeclarationError:
    return DeclarationError(
        f"{name}: cannot resolve the annotation of {what}",
        hint="define or import that name at module level, not inside a function or under TYPE_CHECKING",
    )


def _refuse_unfillable(name: str, parameter: Parameter, *, is_payload: bool, first: bool) -> None:
    if parameter.kind is Parameter.VAR_POSITIONAL:
        raise DeclarationError(
            f"{name}: *{parameter.name} cannot be filled from a payload", hint="take a list under a name of its own"
        )
    if parameter.kind is Parameter.POSITIONAL_ONLY and not (is_payload and first):
        raise DeclarationError(f"{name}: {parameter.name} is positional-only", hint="remove the / from the signature")
    if parameter.kind is Parameter.VAR_KEYWORD and not is_payload:
        raise DeclarationError(f"{name}: **{parameter.name} cannot be injected")


def _refuse_not_injected(name: str, parameter: Parameter, *, is_payload: bool) -> None:
    if is_payload:
        raise DeclarationError(
            f"{name}: {parameter.name} = injected(), and its annotation is nothing that a worker injects",
            hint=f"write {parameter.name}: JobContext, or {parameter.name}: State[…]; a payload has another default",
        )


def _payload_parameter(parameter: Parameter, annotation: object, conversion: Conversion) -> PayloadParameter:
    by_position = parameter.kind is Parameter.POSITIONAL_ONLY
    return PayloadParameter(parameter.name, annotation, parameter.default, by_position, conversion)


def _conversion(name: str, parameter: Parameter, annotation: object, *, tolerant: bool) -> Conversion:
    try:
        return compile_conversion(annotation, tolerant=tolerant)
    except DeclarationError as error:
        raise DeclarationError(f"{name}: parameter {parameter.name}: {error}", hint=error.hint) from None


def _takes_whole(parameter: PayloadParameter) -> bool:
    if parameter.name == "payload":
        return True
    bare = parameter.annotation
    while get_origin(bare) is typing.Annotated:
        bare = typing.get_args(bare)[0]
    if is_model_type(bare):
        return True
    kind = get_origin(bare) or bare
    return kind in _MAPPINGS or typing.is_typeddict(kind) or (isinstance(kind, type) and dataclasses.is_dataclass(kind))
