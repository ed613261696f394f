"""The command line: the overview, and each command, imported when it is asked for.

To import them all takes longer than most of them run.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from pooljobs.errors import RefusedError
from pooljobs_cli.command_group import HELP_OPTIONS, Commands, new_group
from pooljobs_cli.command_names import SUMMARIES
from pooljobs_cli.help_page import HelpPage
from pooljobs_cli.output.console import write

if TYPE_CHECKING:
    from pooljobs_cli.serving.launch import WorkerMain

HELP = HelpPage(
    summary="Background jobs for Python on PostgreSQL alone.",
    steps=(
        ("pooljobs demo", "see it at work, on a PostgreSQL of its own"),
        ("pooljobs migrate", "create the tables in DATABASE_URL's database"),
        ("pooljobs serve --app jobs:app", "run the workers of app in jobs.py"),
        ("pooljobs jobs list", "see what became of the jobs"),
    ),
    closing="Every command explains itself: pooljobs COMMAND --help",
)

Version = Annotated[bool, typer.Option("--version", help="Print the version and exit.")]
Traceback = Annotated[bool, typer.Option("--traceback", help="Show where an error came from; may stand anywhere.")]


def build(load_worker: Callable[[], WorkerMain], *, show_traceback: bool) -> Any:
    """The command line; ``load_worker`` gives what each worker of ``serve`` runs."""

    def load(name: str) -> Any:
        only = new_group(HELP)
        module = import_module(f"pooljobs_cli.commands.{name}")
        if name == "serve":
            module.register(only, load_worker, show_traceback=show_traceback)
        else:
            module.register(only)
        return typer.main.get_group(only).commands[name]

    class Overview(Commands):
        """All commands; the one that is meant is imported."""

        page = HELP

        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            try:
                return super().parse_args(ctx, args)
            except OSError as error:  # of --install-completion
                told = f"cannot write {error.filename}: {error.strerror}"
                hint = "put it into place yourself: pooljobs --show-completion"
                raise RefusedError(told, hint=hint) from error

        def resolve_command(self, ctx: Any, args: list[str]) -> Any:
            if args[0] in SUMMARIES:
                self.commands[args[0]] = load(args[0])
            return super().resolve_command(ctx, args)

    cli = typer.Typer(
        cls=Overview, invoke_without_command=True, rich_markup_mode=None, context_settings=dict(HELP_OPTIONS)
    )
    cli.callback()(_root)
    for name, summary in SUMMARIES.items():
        cli.command(name, help=summary)(_not_loaded)
    return typer.main.get_command(cli)


def _not_loaded() -> NoReturn:
    raise AssertionError("a command that was not asked for")


def _root(context: typer.Context, *, version: Version = False, traceback: Traceback = False) -> None:  # noqa: ARG001  # main.py sees to both before; they stand here for --help
    if context.invoked_subcommand is None:
        write(context.get_help() + "\n")
        raise typer.Exit
