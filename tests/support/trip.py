"""Which files of ours one job's trip goes through: enqueue, handler, settled, in one process and traced.

``python -m tests.support.trip`` prints them. The trip is a second one: what is done once, at the first, is left out.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from pooljobs import PoolJobs
from pooljobs.process.child import Child
from pooljobs.scoreboard import Wanted
from pooljobs_worker.execution.factory import make_executor
from pooljobs_worker.main import make_claimer
from pooljobs_worker.worker_loop import WorkerLoop
from tests.support.database import run_server
from tests.support.run_directory import begin_run, end_run
from tests.support.worker_parts import worker_parts

ROOT = Path(__file__).parents[2]
OURS = tuple(str(ROOT / source) for source in ("shared", "worker", "supervisor"))


class Tracer:
    """Collects the files whose functions are called while it is on, in threads that begin after it was put in too."""

    def __init__(self) -> None:
        self.files: list[str] = []
        self.on = False

    def __call__(self, frame: FrameType, event: str, _argument: Any) -> None:
        name = frame.f_code.co_filename
        if self.on and event == "call" and name.startswith(OURS) and name not in self.files:
            self.files.append(name)

    @contextmanager
    def put_in(self) -> Iterator[None]:
        """Has this thread, and all that begin meanwhile, tell it of their calls. What was there before comes back."""
        before, of_threads = sys.getprofile(), threading.getprofile()
        threading.setprofile(self)
        sys.setprofile(self)
        try:
            yield
        finally:
            sys.setprofile(before)
            threading.setprofile(of_threads)  # None puts nothing in


def files_of_a_trip(dsn: str) -> list[str]:
    """The files, from the source's root, in the order in which the job meets them."""
    app, tracer = PoolJobs(dsn=dsn), Tracer()
    children: list[Child] = []

    @app.job
    def travel(number: int) -> None:
        children[0].ask(Wanted.DRAIN)  # the loop is to end with this job

    with tracer.put_in(), app, worker_parts(dsn, sessions=2) as components:
        children.append(components.child)
        components.held.know(app.registry)
        components.registration.declare(app)
        components.settler.session.open()
        components.flusher.start()
        try:
            claimer = make_claimer(components, app)
            with make_executor(components, app) as executor:
                loop = WorkerLoop(components, claimer, executor)
                for number in range(2):
                    components.child.slot.wanted = Wanted.RUN
                    components.child.slot.wake()
                    tracer.on = number > 0
                    travel.enqueue(number=number)
                    loop.run()
                    tracer.on = False
        finally:
            components.flusher.stop()
    return [str(Path(name).relative_to(ROOT)) for name in tracer.files]


def main() -> None:
    """Prints them, and how many they are."""
    begin_run()
    try:
        with run_server() as server, server.migrated() as dsn:
            files = files_of_a_trip(dsn)
    finally:
        end_run()
    print(*files, f"{len(files)} files", sep="\n")


if __name__ == "__main__":
    main()
