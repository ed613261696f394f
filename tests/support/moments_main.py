"""``python -m tests.support.moments_main serve …``: pooljobs whose processes are signalled; see ``moments.py``."""

from __future__ import annotations

import os
import signal
from typing import Any

import psycopg

from pooljobs.__main__ import main
from pooljobs.scoreboard import Role
from pooljobs_cli.serving import launch
from pooljobs_supervisor import child_processes
from pooljobs_supervisor.child_processes import ChildProcesses
from pooljobs_supervisor.fleet import backoff, fork_budget
from pooljobs_supervisor.forking import spawn
from pooljobs_supervisor.forking.signals import Inbox
from pooljobs_supervisor.zygote import zygote_main
from pooljobs_worker import main as worker_main
from pooljobs_worker.claims.claimer import Claimer
from pooljobs_worker.settling.settler import Settler
from pooljobs_worker.worker_loop import WorkerLoop
from tests.support.moments import MOMENTS, before


def in_spawn() -> None:
    """Give each worker its moment, and tell the one inside ``fork``."""
    original = ChildProcesses.spawn

    def hooked(self: ChildProcesses, position: Any, now: float) -> Any:
        MOMENTS.begin(position.role)
        try:
            return original(self, position, now)
        finally:
            MOMENTS.parent_goes_on()

    vars_of(ChildProcesses)("spawn", hooked)
    os.register_at_fork(after_in_child=lambda: MOMENTS.at("fork"))


def in_zygote() -> None:
    """The same for workers that a zygote forks, which goes on with its own copy of the moments."""
    bear, leave_a_worker = vars(zygote_main)["_bear"], vars(zygote_main)["_leave_a_worker"]

    def first_fork(*arguments: Any) -> None:
        MOMENTS.begin(Role.WORKER)
        MOMENTS.put_off()
        bear(*arguments)

    def second_fork(*arguments: Any) -> None:
        MOMENTS.resume()
        leave_a_worker(*arguments)

    vars(zygote_main).update(_bear=first_fork, _leave_a_worker=second_fork)
    before(zygote_main, "settle_in_child", "masked")
    before(zygote_main, "await_adoption", "between")
    before(zygote_main, "announce", "announced")


def in_boot() -> None:
    """A worker brings the job that it will claim; then the moment of the import."""
    original = vars(worker_main)["load_app"]

    def hooked(spec: str) -> Any:
        with psycopg.connect(os.environ["AUDIT_DSN"], autocommit=True) as connection:
            connection.execute("SELECT pooljobs.enqueue('audited')")
        MOMENTS.at("boot")
        return original(spec)

    vars(worker_main)["load_app"] = hooked


def in_idleness() -> None:
    """Who is to be signalled in its exit must be asked to leave first."""
    original = WorkerLoop._wait

    def hooked(self: WorkerLoop, seconds: float) -> None:
        if MOMENTS.mine == "exit":
            os.kill(os.getpid(), signal.SIGTERM)
        MOMENTS.at("idle")
        original(self, seconds)

    vars_of(WorkerLoop)("_wait", hooked)


def after_the_inbox() -> None:
    """If ``MOMENT_TO`` is ``end``: TERM to the supervisor when it has stopped listening."""
    original = Inbox.__exit__

    def hooked(self: Inbox, *error: object) -> None:
        original(self, *error)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            os.kill(os.getpid(), number)

    if os.environ["MOMENT_TO"] == "end":
        vars_of(Inbox)("__exit__", hooked)


def vars_of(owner: type) -> Any:
    """Sets attributes of a class, where an assignment would not pass the type checker."""
    return lambda name, value: setattr(owner, name, value)


def hook() -> None:
    """All hooks; and workers that leave one after the other are replaced at once."""
    vars(backoff)["FIRST_WAIT"] = 0.0
    vars(fork_budget)["LEAST_A_SECOND"] = 1000.0
    in_spawn()
    before(child_processes, "settle_in_child", "masked")
    in_zygote()
    before(launch, "_work", "unmasked")
    in_boot()
    in_idleness()
    before(Claimer, "claim", "claim")
    before(Settler, "_settle", "settle")
    before(spawn, "leave", "exit")
    after_the_inbox()


if __name__ == "__main__":
    hook()
    main()
