"""Puts the commands together: the one that is asked for, or the names of all for the overview.

To import them all takes longer than most of them run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from pooljobs_cli.command_names import SUMMARIES, asked_for
from pooljobs_cli.output.console import write

if TYPE_CHECKING:
    from pooljobs_cli.serving.launch import WorkerMain

HELP = """Background jobs for Python on PostgreSQL alone.

\b
First steps:
  pooljobs demo                                 see it at work, needs nothing
  pooljobs migrate                              create the tables
  pooljobs serve --app examples.emails:app      run the workers
  pooljobs jobs list                            see what became of the jobs

Every command explains itself: pooljobs COMMAND --help
"""

Version = Annotated[bool, typer.Option("--version", is_eager=True, help="Print the version and exit.")]
Traceback = Annotated[bool, typer.Option("--traceback", help="Show where an error came from; may stand anywhere.")]


def build(arguments: Sequence[str], load_worker: Callable[[], WorkerMain], *, show_traceback: bool) -> typer.Typer:
    """The command line as far as it is asked for; ``load_worker`` gives what each worker of ``serve`` runs."""
    cli = typer.Typer(
        add_completion=False,
        invoke_without_command=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    cli.callback(help=HELP)(_root)
    name = asked_for(arguments)
    if name is None:
        for each, summary in SUMMARIES.items():
            cli.command(each, help=summary)(_overview_only)
        return cli
    module = import_module(f"pooljobs_cli.commands.{name}")
    if name == "serve":
        module.register(cli, load_worker, show_traceback=show_traceback)
    else:
        module.register(cli)
    return cli


def _overview_only() -> NoReturn:
    raise AssertionError("a command that was not asked for")


def _root(context: typer.Context, version: Version = False, traceback: Traceback = False) -> None:  # noqa: ARG001  # main.py sees to both before; they stand here for --help
    if context.invoked_subcommand is None:
        write(context.get_help() + "\n")
        raise typer.Exit
