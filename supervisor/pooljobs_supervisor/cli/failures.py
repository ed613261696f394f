"""How a command ends when something goes wrong: one line, a hint, an exit code; a traceback only where it helps."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any, Final

import psycopg
import typer

from pooljobs.db.error_kinds import ErrorKind, kind_of
from pooljobs.db.faults import MISSING, one_line, too_large
from pooljobs.db.public_errors import as_ours
from pooljobs.errors import AppLoadError, OptionError, PoolJobsError
from pooljobs.exit_codes import ExitCode
from pooljobs.job.error_text import without_hint
from pooljobs_supervisor.telling.console import say, say_error

_PLAIN = ""

_MISTAKES: Final = ("0A", "20", "21", "22", "26", "34", "42")
"""Classes of errors that a statement, or its values, cause by themselves."""

UsageError: Final[Any] = typer.BadParameter.__base__
"""click's, wherever this version of typer has it from."""


def guarded(action: Callable[[], object], *, show_traceback: bool) -> int:
    """Carry out ``action``; 0, or the exit code of the error that ended it, which has been told then."""
    try:
        action()
    except Exception as error:  # noqa: BLE001  # the outermost frame of a command, or of a child that checks something
        return report(error, show_traceback=show_traceback)
    return ExitCode.OK


def report(error: Exception, *, show_traceback: bool) -> ExitCode:
    """Tell an error on stderr, and return the exit code it asks for."""
    known = as_known(error)
    if known is None:
        say(_own_traceback(error), style=_PLAIN)
        say_error(f"{type(error).__name__}: {error}", "this is a bug in pooljobs; please report it with the traceback")
        return ExitCode.INTERNAL
    if isinstance(known, AppLoadError) and known.traceback:
        say(known.traceback.rstrip(), style=_PLAIN)
    if show_traceback:
        say(without_hint(_own_traceback(error), known.hint).rstrip(), style="dim")
    say_error(str(known), known.hint)
    return known.exit_code


def report_usage(error: Any) -> ExitCode:
    """Tell what is wrong with a command line. Typer's own panel would print the words on it as they are."""
    context, message = error.ctx, error.format_message()
    if context is None or not message.strip():  # a group without a command has shown its help
        return ExitCode.USAGE
    say(context.get_usage(), style=_PLAIN)
    say_error(message, f"{context.command_path} --help  says what it takes")
    return ExitCode.USAGE


def as_known(error: Exception) -> PoolJobsError | None:
    """The error as one of ours; None if it can only be a bug."""
    if isinstance(error, PoolJobsError):
        return error
    if too_large(error):
        return OptionError(f"the database cannot do that at once: {one_line(error)}", hint="ask for less, see --limit")
    return as_ours(error) if isinstance(error, psycopg.Error) and not _mistaken(error) else None


def _mistaken(error: psycopg.Error) -> bool:
    """Whether a statement of ours can only be wrong."""
    if isinstance(error, (*MISSING, psycopg.errors.InsufficientPrivilege)):
        return False
    return kind_of(error) is ErrorKind.MISUSE or (error.sqlstate or "")[:2] in _MISTAKES


def _own_traceback(error: Exception) -> str:
    return "".join(traceback.format_exception(error)).rstrip()
