"""How the command's users call it: ``pooljobs``, or in a Django project ``python manage.py pooljobs``. What they are
told to run is told so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from pooljobs_cli.command_names import SUMMARIES

OWN_NAME: Final = "pooljobs"

_CALLED: Final = ContextVar("_CALLED", default=OWN_NAME)

_CALL: Final = rf"(?<![\w.-]){OWN_NAME} (?=(?:{'|'.join(SUMMARIES)}|--help|COMMAND)\b)"


@contextmanager
def called_as(name: str) -> Iterator[None]:
    """Within it the command's users call it so."""
    before = _CALLED.set(name)
    try:
        yield
    finally:
        _CALLED.reset(before)


def calling_name() -> str:
    """What they type before a command's name."""
    return _CALLED.get()


def is_a_projects() -> bool:
    """Whether a framework's project calls it, whose database, schema and application need not be named."""
    return _CALLED.get() != OWN_NAME


def as_typed(text: str, name: str | None = None) -> str:
    """Our text with its command lines as they are typed.

    Args:
        text: One that names commands of ours.
        name: How they are called. Default: as this one was.
    """
    typed = name or _CALLED.get()
    return text if typed == OWN_NAME else re.sub(_CALL, lambda _: f"{typed} ", text)
