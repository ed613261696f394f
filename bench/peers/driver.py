"""Calls a peer's driver: a program of its own, run by the peer's interpreter. Its commands are in bench/README.md."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from bench.peers.catalog import Peer
from bench.peers.environments import Environment

STOP_TIMEOUT = 30.0
"""Seconds for a worker to leave after SIGTERM."""


class DriverError(Exception):
    """A driver failed, took too long, or said nothing that can be read."""


class Driver:
    """One peer's driver."""

    def __init__(self, peer: Peer, environment: Environment, variables: Mapping[str, str]) -> None:
        self.peer = peer
        self._command = [str(environment.interpreter), str(peer.driver.resolve())]
        self._variables = {**os.environ, **variables, "PEER_HOME": str(environment.home)}
        self._log = environment.home / "driver.log"

    def call(self, *arguments: object, timeout: float = 120.0) -> dict[str, Any]:
        """Runs one command to its end: the object in its last line, or nothing if it printed none.

        Raises:
            DriverError: It failed, or did not end within ``timeout`` seconds.
        """
        with self._running(*arguments) as process:
            return self._result(arguments, process, timeout)

    @contextmanager
    def watching(self) -> Iterator[Callable[[float], dict[str, Any]]]:
        """``driver watch``, which sees a drain from its first completion to its last; it looks from here on.

        What is yielded waits for the end, at most so many seconds, and returns what was seen.

        Raises:
            DriverError: It failed, or saw jobs left when that time was over.
        """
        with self._running("watch") as process:
            assert process.stdout is not None
            if not process.stdout.readline():
                self._ended(("watch",), process, "")
                raise self._error(("watch",), "said nothing")
            yield lambda timeout: self._result(("watch",), process, timeout)

    @contextmanager
    def working(self, processes: int) -> Iterator[None]:
        """That many worker processes, by as many commands as it takes; gone at the end.

        Raises:
            DriverError: One of them ended by itself.
        """
        with ExitStack() as stack:
            commands = range(max(1, processes // self.peer.processes))
            workers = [stack.enter_context(self._running("work")) for _ in commands]
            try:
                yield
            finally:
                if gone := [worker.returncode for worker in workers if worker.poll() is not None]:
                    raise self._error(("work",), f"ended with {gone[0]}")

    def _result(self, arguments: tuple[object, ...], process: subprocess.Popen[str], timeout: float) -> dict[str, Any]:
        try:
            text, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            raise self._error(arguments, f"did not end within {timeout:g} s") from None
        return self._ended(arguments, process, text)

    def _ended(self, arguments: tuple[object, ...], process: subprocess.Popen[str], text: str) -> dict[str, Any]:
        if process.wait(STOP_TIMEOUT):
            raise self._error(arguments, f"ended with {process.returncode}")
        return last_object(text)

    @contextmanager
    def _running(self, *arguments: object) -> Iterator[subprocess.Popen[str]]:
        with self._log.open("w" if arguments == ("prepare",) else "a") as log:
            command = [*self._command, *map(str, arguments)]
            out = log if arguments == ("work",) else subprocess.PIPE  # nobody reads what a worker prints
            process = subprocess.Popen(
                command, env=self._variables, stdout=out, stderr=log, text=True, start_new_session=True
            )
        try:
            yield process
        finally:
            _stop(process)

    def _error(self, arguments: tuple[object, ...], what: str) -> DriverError:
        said = [line for line in _tail(self._log) if line.strip()]
        return DriverError(f"driver {' '.join(map(str, arguments))} {what}: {' / '.join(said[-2:])} (see {self._log})")


def last_object(text: str) -> dict[str, Any]:
    """The JSON object in the last line that is one; {} without any."""
    for line in reversed(text.splitlines()):
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict):
            return found
    return {}


def _stop(process: subprocess.Popen[str]) -> None:
    """Ends a driver, and whatever it has started: it leads a session of its own."""
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_TIMEOUT)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout:
        process.stdout.close()


def _tail(path: Path) -> list[str]:
    try:
        return path.read_text(errors="replace")[-4000:].splitlines()
    except OSError:
        return []
