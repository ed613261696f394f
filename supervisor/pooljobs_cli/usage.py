"""What is wrong with a command line, told as all else is: typer's own way of it would print its words as they are."""

from __future__ import annotations

from typing import Any, Final

import typer

from pooljobs.exit_codes import ExitCode
from pooljobs_cli.output.console import say, say_error

UsageError: Final[Any] = typer.BadParameter.__base__
"""click's, wherever this version of typer has it from."""


def report_usage(error: Any) -> ExitCode:
    """Tell it on stderr, and return the exit code."""
    context, hint = error.ctx, None
    if context is not None:
        say(context.get_usage())
        hint = f"{context.command_path} --help  says what it takes"
    told = error.format_message().replace(": Value error, ", ": ", 1)  # pydantic's words for what typer says then
    say_error(told, hint, ExitCode.USAGE)
    return ExitCode.USAGE
