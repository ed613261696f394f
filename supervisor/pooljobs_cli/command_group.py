"""The commands of typer as they are here: with a help of our own, and no conversion of what needs none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from pooljobs_cli.help_page import HelpPage
from pooljobs_cli.plain_values import take_plain_values
from pooljobs_cli.variable_values import take_variables

HELP_OPTIONS: Mapping[str, Any] = {"help_option_names": ["--help", "-h"]}
"""Settings of the outermost context, which those of its commands inherit."""

_Function = TypeVar("_Function", bound=Callable[..., object])


class _Paged:
    """Has a help of its own, and parameters that are converted where that is needed, or come from variables.

    Attributes:
        page: What the help tells beside the parameters.
    """

    page: ClassVar[HelpPage]

    def get_params(self, ctx: Any) -> list[Any]:
        """All, with those that typer adds."""
        parameters: list[Any] = super().get_params(ctx)  # type: ignore[misc]  # typer's, which stands behind this
        take_plain_values(parameters)
        take_variables(parameters)
        return parameters

    def get_usage(self, ctx: Any) -> str:
        """In a line, or more where it has to be broken."""
        from pooljobs_cli.help_layout import usage_of

        return usage_of(self, ctx)

    def get_help(self, ctx: Any) -> str:
        """As it is printed."""
        from pooljobs_cli.help_layout import page_of

        return page_of(self, ctx, self.page)


class Command(_Paged, TyperCommand):
    """One that carries something out."""


class Commands(_Paged, TyperGroup):
    """One that has others under it."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As typer does, but who names no command is told which there are."""
        if not (args or self.invoke_without_command or ctx.resilient_parsing):
            ctx.fail(f"which of them? {', '.join(self.commands)}")
        return super().parse_args(ctx, args)


def add_command(
    to: typer.Typer,
    name: str,
    *,
    page: HelpPage,
    cls: type[Command] = Command,
    context_settings: dict[str, Any] | None = None,
) -> Callable[[_Function], _Function]:
    """Decorates the function of a command, which stays what it is."""
    paged: type[Command] = type(cls.__name__, (cls,), {"page": page})
    return to.command(name, cls=paged, help=page.summary, context_settings=context_settings)


def new_group(page: HelpPage) -> typer.Typer:
    """For commands that have a name in common."""
    paged: type[Commands] = type(Commands.__name__, (Commands,), {"page": page})
    return typer.Typer(cls=paged, help=page.summary, add_completion=False, rich_markup_mode=None)
