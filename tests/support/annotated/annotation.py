"""An annotation, its values, and what may arrive of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st


@dataclass(frozen=True)
class Annotation:
    """``arrived(sent, value)`` tells whether the value may arrive for what was sent, which is the annotation's own."""

    hint: Any
    values: st.SearchStrategy[Any]
    arrived: Callable[[Any, Any], bool]
    hashable: bool = False


def same(sent: Any, value: Any) -> bool:
    """Equal, and of the same class all the way down."""
    if type(sent) is not type(value):
        return False
    if isinstance(sent, dict):
        return sent.keys() == value.keys() and all(same(part, value[key]) for key, part in sent.items())
    if isinstance(sent, list | tuple):
        return len(sent) == len(value) and all(map(same, sent, value))
    return bool(sent == value)
