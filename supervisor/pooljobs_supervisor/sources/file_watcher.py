"""The life of the process that watches source files: forked by the supervisor, which is to have no threads.

It knows nothing of the fleet: it writes what has changed into a pipe, until the supervisor is gone.
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pooljobs.exit_codes import ExitCode
from pooljobs.logs import name_process
from pooljobs.process.title import set_title
from pooljobs_supervisor.forking.signals import handle_in_child
from pooljobs_supervisor.sources.watch_messages import News, line_of

if TYPE_CHECKING:
    from watchfiles import Change

STEP_MS: Final = 200
"""Milliseconds without a change after which a change is told, so that what is saved together is one."""

LONGEST_MS: Final = 3000
"""Milliseconds after which it is told however many still come."""

LOOK_MS: Final = 500
"""Milliseconds between two looks whether the supervisor is there, where the kernel does not tell."""


class OnlySources:
    """Passes files of Python below these directories, but for what watchfiles ignores, and virtual environments."""

    def __init__(self, directories: Sequence[str]) -> None:
        from watchfiles import DefaultFilter

        self._directories = [Path(directory) for directory in directories]
        self._default = DefaultFilter()

    def __call__(self, change: Change, path: str) -> bool:
        """Whether the file counts. Directories above the watched ones may have any name."""
        return path.endswith(".py") and any(
            self._counts(change, file.relative_to(directory), directory)
            for directory in self._directories
            if (file := Path(path)).is_relative_to(directory)
        )

    def _counts(self, change: Change, file: Path, directory: Path) -> bool:
        return self._default(change, str(file)) and not any(
            (directory / parent / "pyvenv.cfg").exists() for parent in file.parents
        )


def settle_in_watcher(forget: Callable[[], None], tell_of_parent: Callable[[int], None], parent: int) -> None:
    """Make a forked process the watcher: it dies with its supervisor on the spot. Runs with all signals blocked."""
    handle_in_child(signal.SIG_DFL)
    forget()
    os.setsid()
    tell_of_parent(signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def watch_sources(directories: Sequence[str], write_fd: int, parent: int, log: logging.Logger) -> int:
    """Watch until the supervisor, whose pid is ``parent``, is gone, or it cannot be done; the exit code."""
    from watchfiles import watch

    name_process("files")
    set_title("files", "--reload")
    logging.getLogger("watchfiles").setLevel(logging.WARNING)
    begun = False
    try:
        for changes in watch(
            *directories,
            watch_filter=OnlySources(directories),
            debounce=LONGEST_MS,
            step=STEP_MS,
            rust_timeout=LOOK_MS,
            yield_on_timeout=True,
            raise_interrupt=False,
            ignore_permission_denied=True,
        ):
            if not begun:
                os.write(write_fd, line_of(News()))
                begun = True
            if changes:
                os.write(write_fd, line_of(News.of({path for _, path in changes}, directories)))
            if os.getppid() != parent:
                return ExitCode.OK
    except (OSError, RuntimeError) as error:  # no more inotify watches to be had, a directory that is gone
        log.error("files cannot be watched: %s", error)  # noqa: TRY400 - no bug of ours
        return ExitCode.INTERNAL
    return ExitCode.OK
