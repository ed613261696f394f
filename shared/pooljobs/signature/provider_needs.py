"""Reads what a provider of state is to be given: other states, and the ``JobContext``, by its annotations."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter
from typing import Any

from pooljobs.errors import DeclarationError
from pooljobs.handler.context import JobContext
from pooljobs.handler.provider import Needs
from pooljobs.handler.state import state_type
from pooljobs.signature.inspection import annotation_of, parameters_of


def read_needs(factory: Callable[..., Any], name: str) -> Needs:
    """What the factory called ``name`` takes. A parameter that has a default, and asks for nothing, keeps it.

    Raises:
        DeclarationError: It has a parameter that nobody would fill, or an annotation that cannot be resolved.
    """
    states: list[tuple[str, object]] = []
    contexts: list[str] = []
    for parameter in _parameters(factory, name):
        annotation = _annotation(factory, name, parameter)
        state = state_type(annotation)
        if parameter.kind is Parameter.POSITIONAL_ONLY:
            annotation = state = None  # it is called by keywords
        if annotation is JobContext:
            contexts.append(parameter.name)
        elif state is not None:
            states.append((parameter.name, state))
        elif parameter.default is Parameter.empty:
            raise DeclarationError(
                f"{name}: nobody would fill its parameter {parameter.name}",
                hint=f"annotate it as State[…] or JobContext, or give it a default: {parameter.name}=…",
            )
    return Needs(tuple(states), tuple(contexts))


def _parameters(factory: Any, name: str) -> list[Parameter]:
    """Those that can be filled; none of a builtin whose signature cannot be read, or of what is no function."""
    if not callable(factory):
        return []
    try:
        found = parameters_of(factory, name)
    except ValueError:
        return []
    return [each for each in found if each.kind not in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)]


def _annotation(factory: Any, name: str, parameter: Parameter) -> object:
    """What cannot be resolved asks for nothing, where there is a default."""
    try:
        return annotation_of(
            vars(factory).get("__init__", factory) if isinstance(factory, type) else factory, name, parameter
        )
    except DeclarationError:
        if parameter.default is Parameter.empty:
            raise
        return None
