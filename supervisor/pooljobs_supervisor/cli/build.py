"""Puts the commands together: only the one that is asked for, since importing the others takes longer than most run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Final

import typer

from pooljobs.process.importing import uncollected
from pooljobs_supervisor.telling.console import write

if TYPE_CHECKING:
    from pooljobs_supervisor.cli.launch import WorkerMain

COMMANDS: Final = ("serve", "migrate", "grant", "enqueue", "jobs", "stats", "demo", "bench", "chaos")
"""In the order of the help. Each is the module beside this one that has its name."""

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
    names = asked_for(arguments)
    with uncollected():
        modules = [import_module(f"pooljobs_supervisor.cli.{name}") for name in names]
    for name, module in zip(names, modules, strict=True):
        if name == "serve":
            module.register(cli, load_worker, show_traceback=show_traceback)
        else:
            module.register(cli)
    return cli


def asked_for(arguments: Sequence[str]) -> Sequence[str]:
    """The one command, or all of them: for the help, and for what is none. No option before a command takes a value.

    >>> asked_for(["jobs", "list"])
    ('jobs',)
    """
    first = next((argument for argument in arguments if not argument.startswith("-")), None)
    if first is None and "--version" in arguments:
        return ()
    return (first,) if first in COMMANDS else COMMANDS


def _root(context: typer.Context, show_version: Version = False, traceback: Traceback = False) -> None:  # noqa: ARG001  # --traceback is taken out of the arguments before; it stands here for --help
    if show_version:
        from importlib.metadata import version

        write(f"pooljobs {version('pooljobs')}\n")
        raise typer.Exit
    if context.invoked_subcommand is None:
        write(context.get_help() + "\n")
        raise typer.Exit
