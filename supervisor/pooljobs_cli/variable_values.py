"""Gives an option the value of its environment variable, where none is given.

typer knows such variables (``envvar``), and converts what they hold as if it were the option's; here a wrong value is
told by the variable's name, with what it should be.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final

from pooljobs.errors import OptionError
from pooljobs.schema_name import check_schema


def take_variables(parameters: Iterable[Any]) -> None:
    """Puts itself before typer's reading of their variables, once."""
    for each in parameters:
        if each.envvar and "value_from_envvar" not in vars(each):
            each.value_from_envvar = partial(_read, each)


def _read(parameter: Any, context: Any) -> Any:
    """The value; None where the variable is empty or not set.

    Raises:
        OptionError: It is wrong; not where a shell completes a line, which is not carried out.
    """
    if not os.environ.get(parameter.envvar):
        return None
    try:
        return _value(parameter)
    except OptionError:
        if context.resilient_parsing:
            return None
        raise


def _value(parameter: Any) -> Any:
    from pooljobs.settings.variables import text_of, value_of

    variable = parameter.envvar
    if not (text := text_of(variable)):
        return None
    value = value_of(variable, text)
    try:
        _CHECKS.get(parameter.name, _nothing)(text)
    except OptionError as error:
        raise OptionError(f"{variable}: {error}", hint=error.hint) from error
    if parameter.multiple:
        return _several(text)
    return value if isinstance(value, bool) else str(value)  # all else typer takes as text


def _several(text: str) -> list[str]:
    return [each for each in text.split(os.pathsep) if each]


def _check_queues(text: str) -> None:
    from pooljobs_cli.arguments.queue_shares import check_shares

    check_shares(text)


def _check_directories(text: str) -> None:
    from pooljobs_cli.arguments.reload_dirs import reload_dirs

    reload_dirs(_several(text), here=False)


def _nothing(_text: str) -> None:
    """Most values are right once they are in their range."""


_CHECKS: Final[Mapping[str, Callable[[str], None]]] = {
    "queues": _check_queues,
    "reload_dir": _check_directories,
    "schema": check_schema,
}
