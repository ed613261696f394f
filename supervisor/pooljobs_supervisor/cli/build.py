"""Puts the commands together."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from pooljobs_supervisor.cli import bench, chaos, demo, enqueue, jobs, migrate, serve, stats
from pooljobs_supervisor.cli.launch import WorkerMain
from pooljobs_supervisor.telling.console import write

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


def build(worker_main: WorkerMain, *, show_traceback: bool) -> typer.Typer:
    """The whole command line; ``worker_main`` is what each worker of ``serve`` runs."""
    cli = typer.Typer(
        add_completion=False,
        invoke_without_command=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    cli.callback(help=HELP)(_root)
    serve.register(cli, worker_main, show_traceback=show_traceback)
    migrate.register(cli)
    enqueue.register(cli)
    jobs.register(cli)
    stats.register(cli)
    demo.register(cli)
    bench.register(cli)
    chaos.register(cli)
    return cli


def _root(context: typer.Context, show_version: Version = False, traceback: Traceback = False) -> None:  # noqa: ARG001  # --traceback is taken out of the arguments before; it stands here for --help
    if show_version:
        write(f"pooljobs {version('pooljobs')}\n")
        raise typer.Exit
    if context.invoked_subcommand is None:
        write(context.get_help() + "\n")
        raise typer.Exit
