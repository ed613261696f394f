"""Runs ``toy_fleet.py`` for a test: starts it, waits for what its children tell, ends it whatever happens."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pooljobs_supervisor.reporting.supervisor_log import tells_ready
from tests.support.waiting import wait_until

Event = dict[str, Any]

TOO_LONG = 40.0
"""Seconds. No wait in these tests should take a tenth of it, on a machine that does something else besides."""


def lives(pid: int) -> bool:
    """Whether a process runs. A zombie does not, where /proc tells one: nobody may be there to reap orphans."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError) as error:
        return isinstance(error, FileNotFoundError) and not Path("/proc/self").exists()
    return state != "Z"


class Fleet:
    """One supervisor in a process and session of its own."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.folder = folder
        self._log = folder / "log"
        arguments = json.dumps({"folder": str(folder), **options})
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.process.toy_fleet", arguments],
                stderr=log,
                start_new_session=True,
                cwd=Path(__file__).parents[2],
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            print(self.log, *self.events(), sep="\n")
        self.process.kill()
        self.process.wait()
        for event in self.events():
            for pid in (event["pid"], event.get("started")):
                if pid:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)

    @property
    def log(self) -> str:
        return self._log.read_text()

    def events(self, name: str | None = None, **fields: Any) -> list[Event]:
        """What children have told so far."""
        path = self.folder / "events"
        if not path.exists():
            return []
        whole_lines = path.read_text().rpartition("\n")[0].splitlines()
        every: list[Event] = [json.loads(line) for line in whole_lines]
        chosen = [event for event in every if name is None or event["event"] == name]
        return [event for event in chosen if all(event.get(key) == value for key, value in fields.items())]

    def wait_for(self, name: str, count: int = 1, **fields: Any) -> list[Event]:
        """Wait until at least so many such events were told; returns them all."""

        def enough() -> list[Event]:
            found = self.events(name, **fields)
            return found if len(found) >= count else []

        return wait_until(enough, timeout=TOO_LONG, what=f"{count} of {name} {fields}")

    def wait_until_serving(self, procs: int = 2) -> None:
        self.wait_for("ready", procs + 1)
        wait_until(lambda: tells_ready(self.log), timeout=TOO_LONG, what="the line that all are ready")

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def exit_code(self) -> int:
        return self.process.wait(TOO_LONG)

    def result(self) -> Event:
        result: Event = json.loads((self.folder / "result").read_text())
        return result

    def children(self) -> set[int]:
        """Pids of all children that ever booted."""
        return {event["pid"] for event in self.events("booting")}
