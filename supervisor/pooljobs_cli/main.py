"""The outermost frame of every command: runs it and turns whatever happens into an exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING

from pooljobs.exit_codes import ExitCode
from pooljobs.process.importing import uncollected
from pooljobs_cli.command_failures import report
from pooljobs_cli.output.calling_name import called_as
from pooljobs_cli.output.console import for_programs, write

if TYPE_CHECKING:
    from pooljobs_cli.serving.launch import WorkerMain

INTERRUPTED = 130
"""128 + SIGINT, as shells count it."""


def run(arguments: Sequence[str], load_worker: Callable[[], WorkerMain], *, called: str = "pooljobs") -> int:
    """Carry out one command line and return its exit code; ``load_worker`` gives what each worker of ``serve`` runs.

    ``called``: how its users call it.
    """
    show_traceback, rest = split_traceback(arguments)
    with called_as(called), for_programs() if asks_for_json(rest) else nullcontext():
        return _run(rest, load_worker, called=called, show_traceback=show_traceback)


def _run(rest: Sequence[str], load_worker: Callable[[], WorkerMain], *, called: str, show_traceback: bool) -> int:
    try:
        try:
            if list(rest[:1]) == ["--version"]:
                return _tell_version()
            code = _carry_out(rest, load_worker, called=called, show_traceback=show_traceback)
        finally:
            sys.stdout.flush()  # here, where what cannot be written still gives an exit code
    except SystemExit as end:
        code = end.code
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001  # the outermost frame
        return report(error, show_traceback=show_traceback)
    return code if isinstance(code, int) else ExitCode.OK


def split_traceback(arguments: Sequence[str]) -> tuple[bool, list[str]]:
    """Takes ``--traceback`` out, wherever it stands before a ``--``: it is added to a command that just failed.

    >>> split_traceback(["jobs", "list", "--traceback"])
    (True, ['jobs', 'list'])
    """
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options = [argument for argument in arguments[:end] if argument != "--traceback"]
    return len(options) < end, [*options, *arguments[end:]]


def asks_for_json(arguments: Sequence[str]) -> bool:
    """Whether ``--json`` is among the options: errors are told as JSON then, even if the rest cannot be read.

    >>> asks_for_json(["jobs", "list", "--jsn", "--json"]), asks_for_json(["enqueue", "x", "--", "--json"])
    (True, False)
    """
    return "--json" in arguments[: arguments.index("--") if "--" in arguments else None]


def _tell_version() -> int:
    from importlib.metadata import version

    write(f"pooljobs {version('pooljobs')}\n")
    return ExitCode.OK


def _carry_out(
    arguments: Sequence[str], load_worker: Callable[[], WorkerMain], *, called: str, show_traceback: bool
) -> object:
    with uncollected():
        import typer  # half of what a command's start takes, and the version needs none of it

        from pooljobs_cli.build import build
        from pooljobs_cli.usage import UsageError, report_usage

        command = build(load_worker, show_traceback=show_traceback)
    try:
        return command.main(list(arguments), prog_name=called, standalone_mode=False)
    except typer.Abort:
        return INTERRUPTED
    except UsageError as error:
        return report_usage(error)
