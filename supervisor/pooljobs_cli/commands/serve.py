"""``pooljobs serve``: its options, and what they become."""

from __future__ import annotations

import os
from collections.abc import Callable
from logging import getLogger
from typing import TYPE_CHECKING, Any

import typer

from pooljobs.exit_codes import ExitCode
from pooljobs.process.importing import uncollected
from pooljobs.settings.unknown_variables import unknown
from pooljobs_cli.arguments.serve_options import launch_settings, serve_settings, serve_signature
from pooljobs_cli.command_group import add_command
from pooljobs_cli.command_names import SUMMARIES
from pooljobs_cli.common_options import chosen_dsn
from pooljobs_cli.help_text import DATABASE_CODES, teach

if TYPE_CHECKING:
    from pooljobs_cli.serving.launch import WorkerMain

HELP = teach(
    SUMMARIES["serve"],
    "The first Ctrl-C or SIGTERM lets them finish the jobs they have claimed; the "
    "second gives back what has not begun; the third kills. SIGQUIT kills at once. "
    "SIGHUP replaces the workers by ones with the new code, one by one; SIGTTIN and "
    "SIGTTOU add and take away one; SIGUSR1 logs what each is doing.",
    examples=(
        "pooljobs serve --app jobs:app --procs 8",
        "pooljobs serve --app shop.jobs:app --queues default:3,emails --log-format json",
    ),
    codes=(
        *DATABASE_CODES,
        ExitCode.APP,
        ExitCode.CONNECTION_BUDGET,
        ExitCode.REFUSED,
        ExitCode.WORKER_BOOT,
        ExitCode.DRAIN_TIMED_OUT,
        ExitCode.EXHAUSTED,
    ),
)


def register(cli: typer.Typer, load_worker: Callable[[], WorkerMain], *, show_traceback: bool) -> None:
    """Add the command to the command line; ``load_worker`` gives what each worker runs."""

    def serve(**options: Any) -> None:
        """Run the workers."""
        settings, begun = serve_settings(options), launch_settings(options)
        named = chosen_dsn(begun.dsn, embedded=begun.embedded)
        with uncollected():
            from pooljobs import logs
            from pooljobs_cli.serving.launch import launch

            worker_main = load_worker()
        logs.configure(begun.log_format, begun.log_level)
        logs.name_process("supervisor")
        for told in unknown(os.environ):
            getLogger("pooljobs.supervisor").warning(told)
        every = options["queues"] is None
        raise typer.Exit(launch(settings, named, worker_main, all_queues=every, show_traceback=show_traceback))

    serve.__signature__ = serve_signature()  # type: ignore[attr-defined]  # where typer looks for it
    add_command(cli, "serve", page=HELP)(serve)
