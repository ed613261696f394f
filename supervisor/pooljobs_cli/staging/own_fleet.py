"""Runs ``pooljobs serve`` for a command that wants a fleet of its own (demo, bench), with its log in a file."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

from pooljobs.errors import ConnectionBudgetError, PoolJobsError, RefusedError
from pooljobs.exit_codes import ExitCode
from pooljobs.settings.variables import without_settings
from pooljobs_supervisor.forking.parent_death import parent_death_signal

_SHUTDOWN: Final = 20.0
"""Seconds that the drain may take."""

_TAIL: Final = 12


def new_file(path: Path) -> BinaryIO:
    """A new file in a directory of ours, whatever somebody has laid in its place: a link, a pipe, a file of his.

    Raises:
        RefusedError: It cannot be made there.
    """
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            if os.fstat(folder).st_uid != os.geteuid():
                raise PermissionError(errno.EPERM, "the directory is somebody else's")
            with suppress(FileNotFoundError):
                os.unlink(path.name, dir_fd=folder)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            return os.fdopen(os.open(path.name, flags, 0o600, dir_fd=folder), "wb")
        finally:
            os.close(folder)
    except OSError as error:
        raise RefusedError(f"cannot write {path}: {error.strerror}", hint="move what is there away") from None


class FleetError(PoolJobsError):
    """The workers ended before the jobs did, or would not leave."""

    exit_code = ExitCode.WORKER_BOOT


class OwnFleet:
    """``pooljobs serve`` while the ``with`` lasts; it is drained at the end, whatever ends the block."""

    def __init__(self, log: Path, *options: str, env: Mapping[str, str]) -> None:
        """Start it.

        Args:
            log: File that takes what it prints.
            options: Of ``serve``.
            env: Variables beside those of this process, of which those that set another fleet's options are left out.
        """
        self._log = log
        command = [sys.executable, "-m", __name__, str(os.getpid())]
        command += ["--shutdown-timeout", f"{_SHUTDOWN:g}", *options]
        with new_file(log) as output:
            # A session of its own: Ctrl-C reaches the command alone, which then asks for the drain.
            self._process = subprocess.Popen(
                command,
                env={**without_settings(os.environ), **env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The supervisor's."""
        return self._process.pid

    def check(self) -> None:
        """Raises FleetError if it has ended by itself, ConnectionBudgetError if that was why."""
        code = self._process.poll()
        if code == ExitCode.CONNECTION_BUDGET:
            raise ConnectionBudgetError(f"the server has too few connections left:\n{self._tail()}")
        if code is not None:
            raise FleetError(f"the workers ended with exit code {code}:\n{self._tail()}", hint=f"see {self._log}")

    def drain(self) -> int:
        """Ask it to end, wait until it has, and return its exit code.

        Raises:
            FleetError: It did not leave in time, and was killed.
        """
        if self._process.poll() is None:
            self._process.terminate()
        try:
            return self._process.wait(_SHUTDOWN + 15)
        except subprocess.TimeoutExpired:
            self._process.kill()  # its children see the lifeline's end
            self._process.wait()
            raise FleetError("the workers did not leave when asked", hint=f"see {self._log}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self.drain()

    def _tail(self) -> str:
        with self._log.open(encoding="utf-8", errors="replace") as lines:
            return "".join(f"  {line}" for line in deque(lines, _TAIL)).rstrip()


def main() -> None:
    """``python -m pooljobs_cli.staging.own_fleet PID OPTION…``: becomes ``pooljobs serve``, which drains if PID dies.

    A command that is killed cannot ask its fleet to end. What is asked of the kernel here lasts through the exec. Where
    the kernel takes no such wish (macOS), the fleet stays, and has to be ended by hand.
    """
    parent, options = int(sys.argv[1]), sys.argv[2:]
    parent_death_signal()(signal.SIGTERM)
    if os.getppid() != parent:
        return
    os.execv(sys.executable, [sys.executable, "-m", "pooljobs", "serve", *options])  # noqa: S606  # no shell is wanted


if __name__ == "__main__":
    main()
