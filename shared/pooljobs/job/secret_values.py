"""Values of parameters that ``@app.job(secret=…)`` names, kept out of what is stored and logged of a run that has them.

A handler's exception, or one of its log lines, may hold such a value. So a run that has some keeps them at hand, in its
own context, and texts on their way to ``last_error`` and the log are searched for them. Nobody else pays for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from contextvars import ContextVar
from functools import partial
from typing import Any, Final

MASK: Final = "***"

SHORTEST: Final = 4
"""Characters of a text that is looked for: a shorter one is in every other."""

FEWEST_DIGITS: Final = 6
"""Of a number that is looked for: ids and times are full of shorter ones."""

_HIDDEN: Final[ContextVar[tuple[str, ...]]] = ContextVar("pooljobs_hidden", default=())


def hide_values(payload: object, names: Collection[str]) -> None:
    """From now on hide what these fields of a decoded payload hold, in this context."""
    given = [payload[name] for name in names if name in payload] if isinstance(payload, dict) else []
    texts = {text for value in given for leaf in _leaves(value) for text in _spellings(leaf)}
    _HIDDEN.set(tuple(sorted(texts, key=len, reverse=True)))


def hides_any() -> bool:
    """Whether values are hidden here."""
    return bool(_HIDDEN.get())


def without_secrets(text: str) -> str:
    """``text`` with a mask in the place of each value that is hidden here."""
    return _masked(_HIDDEN.get(), text)


def masker() -> Callable[[str], str]:
    """``without_secrets`` as it is here and now, for other threads and contexts."""
    return partial(_masked, _HIDDEN.get())


def _masked(hidden: tuple[str, ...], text: str) -> str:
    for value in hidden:
        text = text.replace(value, MASK)
    return text


def _leaves(value: Any) -> Iterator[object]:
    """Text and numbers in it, at any depth: without recursion, for a payload may be deep."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
        elif isinstance(part, str | int | float) and not isinstance(part, bool):
            yield part


def _spellings(leaf: object) -> Iterator[str]:
    """As it is printed: by itself, in an exception's arguments, in JSON."""
    try:
        text = str(leaf)
    except ValueError:  # more digits than Python writes
        return
    if len(text) >= (SHORTEST if isinstance(leaf, str) else FEWEST_DIGITS):
        yield from (text, repr(text)[1:-1], json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1])
