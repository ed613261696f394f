"""How a command ends when something goes wrong: one line, a hint, an exit code; a traceback only where it helps."""

from __future__ import annotations

import errno
import os
import re
import traceback
from collections.abc import Callable
from typing import Final

from pooljobs.errors import AppLoadError, OptionError, PoolJobsError, SystemRefusedError
from pooljobs.exit_codes import ExitCode
from pooljobs.job.error_text import without_hint
from pooljobs.process import open_files
from pooljobs_cli.output.console import say_error

_BUG: Final = "this is a bug in pooljobs; please report it with the traceback"

_UNDECODED: Final = re.compile("[\udc80-\udcff]")
"""What Python makes of bytes in the command line that are no UTF-8 (PEP 383)."""

_NO_TEMPORARY_DIRECTORY = "No usable temporary directory"
"""How Python's error begins; ``serve`` needs none, ``demo``, ``bench`` and ``chaos`` do."""


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
        text, hint = (
            f"{type(error).__name__}: {error}",
            _BUG,
        )
        say_error(text, hint, ExitCode.INTERNAL, traceback=_own_traceback(error))
        return ExitCode.INTERNAL
    theirs = known.traceback if isinstance(known, AppLoadError) else None
    ours = without_hint(_own_traceback(error), known.hint) if show_traceback else None
    shown = "\n".join(trail.rstrip() for trail in (theirs, ours) if trail)
    say_error(str(known), known.hint, known.exit_code, traceback=shown or None)
    return known.exit_code


def as_known(error: Exception) -> PoolJobsError | None:
    """The error as one of ours; None if it can only be a bug."""
    if isinstance(error, PoolJobsError):
        return error
    if isinstance(error, OSError):
        return _of_the_system(error)
    if isinstance(error, UnicodeEncodeError) and _UNDECODED.search(error.object):
        return OptionError(
            f"not text in UTF-8: {error.object!a:.200}",
            hint="see the arguments and the environment; bytes that are no UTF-8 are shown as \\udc80 to \\udcff",
        )
    from pooljobs_cli.database_errors import of_database  # most of what ends a command never met a driver

    return of_database(error)


def _of_the_system(error: OSError) -> PoolJobsError | None:
    """What no process can do without; None if it may be a mistake of ours."""
    if error.errno in (errno.EMFILE, errno.ENFILE):
        limit = open_files.most_open()
        whose = f" (the limit is {limit})" if error.errno == errno.EMFILE and limit is not None else ""
        return SystemRefusedError(f"{error.strerror}{whose}", hint=open_files.to_raise())
    if str(error.strerror).startswith(_NO_TEMPORARY_DIRECTORY):
        return SystemRefusedError(str(error.strerror), hint="have TMPDIR name a directory that this user may write to")
    if error.filename == os.devnull:
        return SystemRefusedError(
            f"{os.devnull}: {error.strerror}", hint="mount /dev where this runs, or make that device"
        )
    return None


def _own_traceback(error: Exception) -> str:
    return "".join(traceback.format_exception(error)).rstrip()
