"""Annotations of dataclasses, TypedDicts and pydantic models."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, NotRequired, Required, TypedDict, TypeVar

from hypothesis import strategies as st
from pydantic import BaseModel, Field, PrivateAttr, create_model, field_serializer
from typing_extensions import TypeAliasType

from tests.support.annotated.annotation import Annotation, same
from tests.support.annotated.scalars import SCALARS, strings

T = TypeVar("T")


def _fields_arrived(cls: Any, fields: Mapping[str, Annotation]) -> Callable[[Any, Any], bool]:
    def arrived(sent: Any, value: Any) -> bool:
        if type(sent) is not cls or type(value) is not cls:
            return False
        return all(field.arrived(getattr(sent, name), getattr(value, name)) for name, field in fields.items())

    return arrived


def dataclass_of(fields: Mapping[str, Annotation], shape: str) -> Annotation:
    def clean(self: Any) -> None:
        for name, value in vars(self).items():
            setattr(self, name, value.strip() if isinstance(value, str) else value)
        if any(value == 0 and type(value) is int for value in vars(self).values()):
            raise ZeroDivisionError

    namespace = {"__post_init__": clean} if shape == "cleaned" else {}
    given = [(name, field.hint) for name, field in fields.items()]
    cls = dataclasses.make_dataclass(
        "Made", given, namespace=namespace, kw_only=shape == "kw_only", eq=shape != "identity"
    )
    made = st.fixed_dictionaries({name: field.values for name, field in fields.items()})
    values = made.map(lambda given_: _without_init(cls, given_) if shape == "cleaned" else cls(**given_))
    return Annotation(cls, values, _fields_arrived(cls, fields))


def _without_init(cls: Any, given: Mapping[str, Any]) -> Any:
    value = object.__new__(cls)
    vars(value).update(given)
    return value


def typed_dict_of(fields: Mapping[str, Annotation], total: bool) -> Annotation:
    hints = {
        name: (NotRequired if total else Required)[field.hint] if name == "a" else field.hint
        for name, field in fields.items()
    }
    cls: Any = TypedDict("Made", hints, total=total)  # type: ignore[misc]

    def arrived(sent: Any, value: Any) -> bool:
        return (
            type(value) is dict
            and sent.keys() == value.keys()
            and all(fields[n].arrived(sent[n], value[n]) for n in value)
        )

    optional = {n: f.values for n, f in fields.items() if (n == "a") is total}
    required = {n: f.values for n, f in fields.items() if (n == "a") is not total}
    values = st.fixed_dictionaries(required, optional=optional)
    return Annotation(cls, values, arrived)


PLAIN: list[Annotation] = [SCALARS[at] for at in (0, 1, 3, 4, 5, 6, 7, 9, 10, 12)]


@st.composite
def models(draw: st.DrawFn) -> Annotation:
    fields = draw(st.dictionaries(st.sampled_from("abc"), st.sampled_from(PLAIN), max_size=3))
    extras = {
        name: draw(
            st.sampled_from(
                [
                    Field(),
                    Field(exclude=True),
                    Field(alias="x" + name),
                    Field(serialization_alias="out_" + name),
                    Field(validation_alias="in_" + name),
                    Field(serialization_alias="out_" + name, validation_alias="in_" + name),
                ]
            )
        )
        for name in fields
    }

    class Base(BaseModel):
        model_config = {"validate_by_name": True, "extra": draw(st.sampled_from(["forbid", "ignore", "allow"]))}
        _private: int = PrivateAttr(default=0)

    class Lossy(Base):
        @field_serializer("*")
        def lossy(self, value: Any) -> Any:
            return value[:1] if isinstance(value, str) else value

    definition: Any = {name: (field.hint, extras[name]) for name, field in fields.items()}
    base = draw(st.sampled_from([Base, Base, Lossy]))
    made = create_model("Made", __base__=base, **definition)
    private = draw(st.sampled_from([0, 0, 1]))

    def build(given: dict[str, Any]) -> Any:
        value = made.model_construct(**given)
        value._private = private
        return value

    def arrived(sent: Any, value: Any) -> bool:
        if type(sent) is not made or type(value) is not made or sent._private != value._private:
            return False
        return all(fields[name].arrived(getattr(sent, name), getattr(value, name)) for name in fields)

    return Annotation(made, st.fixed_dictionaries({n: f.values for n, f in fields.items()}).map(build), arrived)


@dataclass
class Tree:
    value: int | str
    children: list[Tree] = dataclasses.field(default_factory=list)


@dataclass
class Page(Generic[T]):
    items: list[T]
    first: T | None = None


TREES = st.recursive(
    st.builds(Tree, st.integers(-3, 3) | strings),
    lambda inner: st.builds(Tree, strings, st.lists(inner, max_size=2)),
    max_leaves=4,
)


def page_of(item: Annotation) -> Annotation:
    def arrived(sent: Any, value: Any) -> bool:
        if type(sent) is not Page or type(value) is not Page or len(sent.items) != len(value.items):
            return False
        first = value.first is None if sent.first is None else item.arrived(sent.first, value.first)
        return first and all(map(item.arrived, sent.items, value.items))

    values = st.builds(Page, st.lists(item.values, max_size=2), st.none() | item.values)
    return Annotation(Page[item.hint], values, arrived)  # type: ignore[name-defined]


def alias_of(item: Annotation) -> Annotation:
    return Annotation(TypeAliasType("Alias", item.hint), item.values, item.arrived, item.hashable)


RECURSIVE = [Annotation(Tree, TREES, same)]
