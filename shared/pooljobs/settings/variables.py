"""Settings by their environment variables: ``POOLJOBS_PROCS=8`` is ``--procs 8``, where no ``--procs`` is given.

Read by the command line alone, once, before anything is started: children have the settings that came of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import Field, fields
from typing import Any, Final

from pooljobs.errors import OptionError
from pooljobs.settings.launch_settings import LaunchSettings
from pooljobs.settings.serve_settings import ServeSettings
from pooljobs.settings.setting import Panel, Setting, about, settings_in
from pooljobs.settings.worker_settings import WorkerSettings

PREFIX: Final = "POOLJOBS_"

_BOOLEANS: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}
_QUOTES: Final = "'\""
_LONGEST_TOLD: Final = 40


def every_setting() -> Sequence[Field[Any]]:
    """All settings in the order of the help: by their headings, and the workers' in the place where those stand."""
    panels = list(Panel)
    declared = [*settings_in(LaunchSettings), *_of_the_fleet()]
    return sorted(declared, key=lambda each: panels.index(about(each).panel))


def variable_of(each: Field[Any]) -> str:
    """What sets a setting beside its option, as it is told."""
    return about(each).variable or f"{PREFIX}{each.name.upper()}"


def by_variable() -> Mapping[str, Field[Any]]:
    """The settings that are read here, by their variables."""
    return {variable_of(each): each for each in every_setting() if not about(each).variable}


def text_of(variable: str, environ: Mapping[str, str] = os.environ) -> str:
    """What a variable holds, but for blanks and quotes around it, which env files leave there; empty where it is not
    set, or has nothing else.

    Raises:
        OptionError: It is not UTF-8.
    """
    text = environ.get(variable, "").strip()
    while len(text) > 1 and text[0] == text[-1] and text[0] in _QUOTES:
        text = text[1:-1].strip()
    try:
        text.encode()
    except UnicodeEncodeError:
        raise OptionError(f"{variable} is not UTF-8") from None
    return text


def value_of(variable: str, text: str) -> bool | float | str:
    """What a setting's variable means: a value of its type, in its range. Of names it is the text, as an option's.

    Raises:
        OptionError: It means none; the message names the variable, and what it takes.
    """
    each = by_variable()[variable]
    known = about(each)
    value: bool | float | str = _CONVERSIONS[str(each.type)](known, variable, text)
    known.check(variable, value)
    return value


def without_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment that sets nothing: for a fleet of somebody's own, which says by options what it needs."""
    known = by_variable()
    return {name: value for name, value in environ.items() if name not in known}


def _of_the_fleet() -> Iterator[Field[Any]]:
    own = list(settings_in(ServeSettings))
    for each in fields(ServeSettings):
        if each.name == "worker":
            yield from settings_in(WorkerSettings)
        elif each in own:
            yield each


def _number(known: Setting, variable: str, text: str, kind: Callable[[str], float], what: str) -> float:
    try:
        return kind(text)
    except ValueError:
        raise _mistaken(variable, f"{what} from {known.range}", text) from None


def _boolean(_known: Setting, variable: str, text: str) -> bool:
    if (value := _BOOLEANS.get(text.lower())) is None:
        raise _mistaken(variable, "true or false", text)
    return value


def _text(known: Setting, variable: str, text: str) -> str:
    if not known.choices:
        return text
    if text.lower() not in known.choices:
        raise _mistaken(variable, known.expected, text)
    return text.lower()


def _mistaken(variable: str, expected: str, text: str) -> OptionError:
    told = f", not {text!r}" if len(text) <= _LONGEST_TOLD else ""
    return OptionError(f"{variable} must be {expected}{told}")


_CONVERSIONS: Final[Mapping[str, Callable[[Setting, str, str], Any]]] = {
    "int": lambda known, variable, text: _number(known, variable, text, int, "a whole number"),
    "float": lambda known, variable, text: _number(known, variable, text, float, "a number"),
    "bool": _boolean,
    "str": _text,
    "tuple[str, ...]": _text,
}
