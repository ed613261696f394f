"""Conversions of what is pydantic's: by pydantic. Models, and constraints in ``Annotated``."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from pooljobs.convert.alike import same_deep
from pooljobs.convert.conversion import Conversion, never
from pooljobs.convert.mismatch import Mismatch, differs, refused
from pooljobs.errors import DeclarationError
from pooljobs.payload.path import at_key
from pooljobs.payload.pydantic_models import names_agree

if TYPE_CHECKING:
    from pydantic import BaseModel, TypeAdapter

_CONSTRAIN = frozenset({"pydantic", "pydantic_core", "annotated_types", "msgspec"})


def model_conversion(cls: type[BaseModel]) -> Conversion:
    """Validates in pydantic's JSON mode, where a strict model takes a string for a date and a list for a set."""
    both = None if names_agree(cls) else True

    def read(value: Any) -> Any:
        return _validated(
            lambda: cls.model_validate_json(orjson.dumps(value), by_alias=both, by_name=both), cls.__qualname__
        )

    def same(sent: Any, arrived: Any) -> None:
        if type(sent) is cls:
            same_deep(sent, arrived)
        elif type(arrived) is not cls or (sent is not None and type(sent) not in _JSON_TYPES):
            raise differs(sent, arrived)

    return Conversion(read, lambda sent: type(sent) is cls, same=same, nested=True)


_JSON_TYPES = frozenset({dict, list, str, int, float, bool})


def constrains(metadata: object) -> bool:
    """Whether what stands in an ``Annotated`` says which values are right, and is no remark."""
    owner = metadata if isinstance(metadata, type) else type(metadata)
    return owner.__module__.partition(".")[0] in _CONSTRAIN or hasattr(metadata, "__get_pydantic_core_schema__")


def constrained(annotation: object, bare: Conversion) -> Conversion:
    """What ``bare`` reads, then validated by pydantic.

    Raises:
        DeclarationError: There is no pydantic, or it does not understand the constraints.
    """
    adapter = _adapter(annotation)
    read_bare = bare.read

    def read(value: Any) -> Any:
        built = value if read_bare is None else read_bare(value)
        return _validated(lambda: adapter.validate_python(built), "its annotation")

    return dataclasses.replace(bare, read=read, exact=never, kinds=frozenset())


def _adapter(annotation: Any) -> TypeAdapter[Any]:
    hint = "install pooljobs[pydantic], or check it in a dataclass's __post_init__"
    try:
        from pydantic import TypeAdapter
    except ImportError as error:
        raise DeclarationError(f"the constraints of {annotation} need pydantic", hint=hint) from error
    try:
        return TypeAdapter(annotation)
    except Exception as error:
        hint = "use a pydantic model, or check it in a dataclass's __post_init__"
        raise DeclarationError(f"pydantic does not understand {annotation}: {error}", hint=hint) from error


def _validated(validate: Callable[[], Any], by: str) -> Any:
    try:
        return validate()
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  # a class of the user's may raise anything
        found = _from_pydantic(by, error)
        raise found from found.__cause__


def _from_pydantic(by: str, error: Exception) -> Mismatch:
    """Its cause is what a validator of the user's raised, if one did: pydantic's own error shows the values."""
    errors = getattr(error, "errors", None)
    if not isinstance(error, ValueError) or errors is None:
        return refused(by, error)
    first = errors(include_url=False, include_input=False)[0]
    raised = first.get("ctx", {}).get("error")
    found = Mismatch(f": {_said(first)} ({by})")
    found.__cause__ = raised if isinstance(raised, Exception) else None
    for step in reversed(first["loc"]):
        found.under(f"[{step}]" if isinstance(step, int) else at_key(str(step)))
    return found


def _said(error: Mapping[str, Any]) -> str:
    """Pydantic's message; the one kind that repeats what was sent is told without."""
    if error["type"] == "union_tag_invalid":
        return f"Input tag does not match any of the expected tags: {error['ctx']['expected_tags']}"
    return str(error["msg"])
