"""The options of ``pooljobs serve``, made of its settings: what can be said of one, its field says.

An option is named as its setting, and becomes it; the order is that of the help.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field
from inspect import Parameter, Signature
from typing import Annotated, Any, Final, Literal

import typer

from pooljobs.settings import LaunchSettings, ServeSettings, WorkerSettings
from pooljobs.settings.setting import Setting, about, settings_in
from pooljobs.settings.variables import every_setting, variable_of
from pooljobs_cli.arguments.queue_shares import shares
from pooljobs_cli.arguments.reload_dirs import reload_dirs
from pooljobs_cli.completion.completion_values import several_queues

_KINDS: Final[Mapping[str, Any]] = {
    "int": int,
    "float": float,
    "bool": bool,
    "str": str,
    "str | None": str | None,
    "tuple[str, ...]": list[str] | None,
}
"""What an option's text becomes, by the type of its setting."""

_COMPLETED: Final[Mapping[str, Callable[..., Any]]] = {"queues": several_queues}


def serve_signature() -> Signature:
    """That of the command: a keyword for each setting."""
    return Signature([_parameter(each) for each in every_setting()])


def launch_settings(options: Mapping[str, Any]) -> LaunchSettings:
    """What is done with before the fork.

    Raises:
        OptionError: A value is no choice.
    """
    return LaunchSettings(**_those_of(LaunchSettings, options))


def serve_settings(options: Mapping[str, Any]) -> ServeSettings:
    """The settings of the fleet. Which database it is, and what the application has, where ``queues`` or ``schema`` is
    None, is found out later (``launch.py``).

    Raises:
        OptionError: A value is out of its range, what is given as queues are none, or files cannot be watched.
    """
    worker = _those_of(WorkerSettings, options)
    if (queues := options["queues"]) is not None:
        served = shares(queues)
        worker |= {"queues": tuple(served), "weights": tuple(served.values())}
    watched = reload_dirs(options["reload_dir"] or (), here=options["reload"])
    return ServeSettings(
        **{**_those_of(ServeSettings, options), "schema": options["schema"] or ""},
        dsn="",
        worker=WorkerSettings(**worker),
        reload_dirs=watched,
    )


def _those_of(settings: type, options: Mapping[str, Any]) -> dict[str, Any]:
    given = {each.name: options[each.name] for each in settings_in(settings)}
    return {name: value for name, value in given.items() if value is not None}


def _parameter(each: Field[Any]) -> Parameter:
    known = about(each)
    kind, default = _KINDS[str(each.type)], each.default
    if known.by_app:
        kind, default = str | None, None
    elif known.choices:
        kind = Literal[known.choices]
    elif default == ():
        default = None
    option = typer.Option(
        _names(each),
        metavar=_metavar(each, known),
        help=known.help,
        case_sensitive=not known.choices,
        show_default=known.usual or True,
        autocompletion=_COMPLETED.get(each.name),
        rich_help_panel=known.panel.value,
        envvar=None if known.variable else variable_of(each),
    )
    return Parameter(
        each.name,
        Parameter.KEYWORD_ONLY,
        default=Parameter.empty if default is MISSING else default,
        annotation=Annotated[kind, option],
    )


def _names(each: Field[Any]) -> str:
    name = each.name.replace("_", "-")
    return f"--{name}/--no-{name}" if each.default is True else f"--{name}"


def _metavar(each: Field[Any], known: Setting) -> str | None:
    if each.type == "bool":
        return None
    return known.metavar or "|".join(known.choices) or known.unit.upper() or "N"
