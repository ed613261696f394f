"""What is wrong with a command line, told as all else is: typer's own panel would print its words as they are."""

from __future__ import annotations

from typing import Any, Final

import typer

from pooljobs.exit_codes import ExitCode
from pooljobs_cli.output.console import say, say_error

UsageError: Final[Any] = typer.BadParameter.__base__
"""click's, wherever this version of typer has it from."""


def report_usage(error: Any) -> ExitCode:
    """Tell it on stderr, and return the exit code."""
    context, message = error.ctx, error.format_message()
    if context is None or not message.strip():  # a group without a command has shown its help
        return ExitCode.USAGE
    say(context.get_usage(), style="")
    say_error(message, f"{context.command_path} --help  says what it takes")
    return ExitCode.USAGE
