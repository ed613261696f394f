"""What is not converted is what typer would have made of it, and what is wrong is refused as typer refuses it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import pytest
import typer
from typer.core import TyperCommand

from pooljobs_cli.command_group import Command, add_command
from pooljobs_cli.help_page import HelpPage
from pooljobs_cli.usage import UsageError

LINES: Sequence[str] = (
    "",
    "x",
    "x a b --text t --count 3 --share 0.5 --kind all --several p --several q --on",
    "x --no-both --text= --kind=ALL --count=03 --share=1e0",
    "x --count 1_0 --share .5",
    "x --count 0",
    "x --count 11",
    "x --count many",
    "x --count 1.0",
    "x --count 1.5",
    "x --share nan",
    "x --share inf",
    "x --share 2",
    "x --plain nan",
    "x --plain -1e400",
    "x --kind some",
    "x --kind",
    "x --on=1",
    "x -- --text",
    "--text t",
)


def made_of(line: str, cls: type[TyperCommand]) -> Any:
    """The values that a command gets, or that it gets none."""
    given: dict[str, Any] = {}

    def command(  # one of each kind
        first: Annotated[str, typer.Argument()],
        more: Annotated[list[str] | None, typer.Argument()] = None,
        *,
        text: Annotated[str | None, typer.Option("--text")] = None,
        count: Annotated[int, typer.Option("--count", min=1, max=10)] = 2,
        share: Annotated[float | None, typer.Option("--share", min=0.0, max=1.0)] = None,
        plain: Annotated[float, typer.Option("--plain")] = 1.0,
        kind: Annotated[Literal["none", "all"], typer.Option("--kind", case_sensitive=False)] = "none",
        several: Annotated[list[str] | None, typer.Option("--several")] = None,
        on: Annotated[bool, typer.Option("--on")] = False,
        both: Annotated[bool, typer.Option("--both/--no-both")] = True,
    ) -> None:
        given.update(locals())

    cli = typer.Typer(rich_markup_mode=None, add_completion=False)
    if issubclass(cls, Command):
        add_command(cli, "command", page=HelpPage(summary=""), cls=cls)(command)
    else:
        cli.command("command", cls=cls)(command)
    try:
        typer.main.get_command(cli).main(line.split(), prog_name="command", standalone_mode=False)
    except UsageError as error:
        return error.format_message()
    del given["given"]
    return repr(given)  # nan is not itself


@pytest.mark.parametrize("line", LINES)
def test_it_is_what_typer_makes_of_it(line: str) -> None:
    assert made_of(line, Command) == made_of(line, TyperCommand)


def test_both_are_among_them() -> None:
    made = [made_of(line, Command) for line in LINES]
    assert any(each.startswith("{") for each in made)
    assert any("not" in each for each in made if not each.startswith("{"))
