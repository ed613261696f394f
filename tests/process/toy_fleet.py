"""A supervisor with toy children and no database, run by ``fleet.py`` as a program: ``toy_fleet.py OPTIONS-AS-JSON``.

Children tell what happens to them in lines of JSON, appended to one file. The toy's behaviours are ``Options``.
"""

from __future__ import annotations

import json
import logging
import os
import select
import subprocess
import sys
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from signal import SIG_BLOCK, SIGKILL, SIGTERM, pthread_sigmask
from time import monotonic, monotonic_ns
from typing import Any

from pooljobs.errors import AppLoadError, NotMigratedError
from pooljobs.process.child import Child
from pooljobs.scoreboard import Role, Scoreboard, SlotState, Wanted, slots_for
from pooljobs.settings import ServeSettings, WorkerSettings
from pooljobs_supervisor import child_processes, reload, supervisor, supervisor_loop
from pooljobs_supervisor.fleet import lifecycle
from pooljobs_supervisor.fleet import plan as plans
from pooljobs_supervisor.limits import hang_watchdog
from pooljobs_supervisor.reporting import drain_display
from pooljobs_supervisor.supervisor import Supervisor
from pooljobs_supervisor.zygote import zygote_main, zygote_state


@dataclass(frozen=True)
class Options:
    folder: str
    procs: int = 2
    shutdown_timeout: float = 60.0
    leaves_at: int = Wanted.DRAIN
    """A worker leaves when this much is wanted; 9 for never."""
    holds: bool = False
    """Workers are registered and hold three jobs, the first of them running."""
    forks: str = ""
    """What a worker starts once it is ready: a ``fork`` of itself, or a ``subprocess``."""
    orphans: bool = False
    """Each worker leaves a process behind whose parent is gone, and which ends at once."""
    works: int = 0
    """Jobs that the first worker 2 has done once it is ready; the limit for all is 100."""
    boot: str = ""
    """How children fail to boot: an exit code, ``raise``, ``refuse`` or ``kill``."""
    boot_fails: str = "worker 1"
    new_boot: str = ""
    """How workers boot once the file ``changed`` is there: an exit code, or ``hang``."""
    ready_limit: float = 120.0
    told: float = 5.0
    """Seconds between two lines about what an end waits for."""
    gate: bool = False
    """Worker 1 boots only once the file ``gate`` is there."""
    steward_stays: bool = False
    patience: float = 10.0
    """Seconds for each step of an end that should take none."""
    hangs: str = ""
    """Who sits still once it is ready, the first time: ``worker 1`` or ``steward``. The others show heartbeats."""
    job_timeout: float = 600.0
    pidfds: bool = True
    parent_death: bool = True
    lifeline: bool = True
    """Children look at their lifeline."""
    breaks: bool = False
    """The supervisor meets a bug once the file ``break`` is there."""
    terminal: str = ""
    """A terminal for the supervisor to take as its controlling one."""
    blocked: bool = False
    """The supervisor starts with TERM blocked."""
    preload: bool = False
    """Workers come from a zygote."""
    load: str = ""
    """What becomes of a zygote that loads once the file ``changed`` is there: it is to ``refuse``, or to ``hang``."""
    birth_limit: float = 30.0
    slow_birth: float = 0.0
    """Seconds from a worker's fork by a zygote until it is announced."""
    dies_at_birth: bool = False
    """The first worker from a zygote dies right after it has announced itself, and the supervisor has not heard yet."""


LOADED: dict[str, bool] = {}
"""What a zygote has loaded, and so what its workers have: whether it was the ``changed`` code."""


def tell(options: Options, child: Child, event: str, **more: Any) -> None:
    slot = child.slot
    who = "steward" if slot.role is Role.STEWARD else f"worker {slot.ordinal}"
    write(options, event, who=who, slot=slot.index, **more)


def write(options: Options, event: str, **more: Any) -> None:
    line = {"event": event, "pid": os.getpid(), "at": monotonic(), **more}
    target = os.open(Path(options.folder, "events"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(target, (json.dumps(line) + "\n").encode())
    os.close(target)


def boot(options: Options, child: Child) -> int | None:
    """The exit code of a child that fails to boot; None once it is READY."""
    tell(options, child, "booting", session=os.getsid(0), masked=bool(pthread_sigmask(SIG_BLOCK, ())))
    name = "steward" if child.slot.role is Role.STEWARD else f"worker {child.slot.ordinal}"
    if options.boot and name == options.boot_fails:
        match options.boot:
            case "raise":
                raise RuntimeError("toy trouble")
            case "refuse":
                raise NotMigratedError("no schema here", hint="run pooljobs migrate")
            case "kill":
                os.kill(os.getpid(), SIGKILL)
            case code:
                return int(code)
    if name != "steward" and (failed := boot_anew(options, child)) is not None:
        return failed
    if options.gate and name == "worker 1":
        while not Path(options.folder, "gate").exists() and child.wanted is Wanted.RUN:
            select.select([child.slot.wake_fd], [], [], 0.01)
        tell(options, child, "passed the gate")
    child.slot.state = SlotState.READY
    return None


def boot_anew(options: Options, child: Child) -> int | None:
    """The exit code of a worker whose new code does not come up; None if it does, or is not there yet."""
    if not options.new_boot or not LOADED.get("changed", Path(options.folder, "changed").exists()):
        return None
    if options.new_boot == "hang":
        tell(options, child, "stuck")
        select.select([], [], [], 600)
    return int(options.new_boot)


def load(options: Options) -> None:
    """A zygote's import of the application."""
    LOADED["changed"] = changed = Path(options.folder, "changed").exists()
    write(options, "loading", who="zygote", session=os.getsid(0), masked=bool(pthread_sigmask(SIG_BLOCK, ())))
    if changed and options.load == "refuse":
        raise AppLoadError("there is no such application")
    if changed and options.load == "hang":
        select.select([], [], [], 600)


def worker(options: Options, child: Child) -> int:
    code = boot(options, child)
    if code is not None:
        return code
    slot = child.slot
    if options.holds:
        slot.worker_id = 100 + slot.ordinal
        for entry in range(3):
            slot.hold(entry, bytes([entry]) * 16, 1, entry)
        slot.start(0, 1)
    if options.works and slot.ordinal == 2 and not Path(options.folder, "worked").exists():
        slot.completed = options.works
        Path(options.folder, "worked").touch()
    started = start_something(options)
    tell(options, child, "ready", started=started)
    hang_once(options, f"worker {slot.ordinal}")
    wanted = Wanted.RUN
    while wanted < options.leaves_at and not (options.lifeline and child.orphaned()):
        sleep(options, child)
        if child.wanted is not wanted:
            wanted = child.wanted
            tell(options, child, "asked", wanted=int(wanted))
    for entry in range(3):
        slot.free(entry)
    tell(options, child, "leaving", wanted=int(child.wanted), orphaned=child.orphaned())
    return 0


def sleep(options: Options, child: Child) -> None:
    lifelines = [child.lifeline_fd] if options.lifeline else []
    while not select.select([child.slot.wake_fd, *lifelines], [], [], 0.2 if options.hangs else None)[0]:
        child.slot.heartbeat_ns = monotonic_ns()
    child.slot.drain_wakes()


def hang_once(options: Options, name: str) -> None:
    """Sit still for good, as in a call of C that never returns."""
    mark = Path(options.folder, "hung")
    if name == options.hangs and not mark.exists():
        mark.touch()
        select.select([], [], [], 600)


def start_something(options: Options) -> int:
    if options.forks == "subprocess":
        return subprocess.Popen(["sleep", "600"]).pid
    if options.orphans:
        subprocess.run(["sh", "-c", "sh -c : &"], check=True)
    if options.forks == "fork":
        pid = os.fork()
        if not pid:
            select.select([], [], [], 600)
            os._exit(0)
        return pid
    return 0


def steward(options: Options, child: Child) -> int:
    code = boot(options, child)
    if code is not None:
        return code
    tell(options, child, "ready")
    hang_once(options, "steward")
    while options.steward_stays or child.wanted is Wanted.RUN:
        sleep(options, child)
        tell(options, child, "woken", wanted=int(child.wanted))
        for slot in child.board:
            if slot.state is SlotState.DEAD:
                freed = {"of": slot.pid, "status": slot.exit_status, "killed": slot.killed, "held": len(slot.held())}
                tell(options, child, "freed", was=slot.index, **freed)
                slot.clear()
        if options.lifeline and child.orphaned():
            break
    tell(options, child, "leaving", wanted=int(child.wanted), orphaned=child.orphaned())
    return 0


def prepare(options: Options) -> None:
    """Take abilities away that this system has, or plant a bug."""
    if not options.pidfds:
        vars(supervisor)["pidfds_work"] = lambda: False
    if not options.parent_death:
        for module in (child_processes, supervisor):
            vars(module)["parent_death_signal"] = lambda: lambda _number: None
    vars(lifecycle)["PATIENCE"] = options.patience
    vars(reload)["READY_LIMIT"] = options.ready_limit
    vars(drain_display)["TOLD"] = options.told
    vars(hang_watchdog)["LEAST"] = options.job_timeout
    vars(zygote_state)["BIRTH_LIMIT"] = options.birth_limit
    if options.slow_birth or options.dies_at_birth:
        looped = supervisor_loop.SupervisorLoop
        really = looped._see_deaths
        setattr(looped, "_see_deaths", lambda this, now: see_deaths_late(options, really, this, now))  # noqa: B010  # mypy
        vars(zygote_main)["announce"] = partial(announce_late, options, vars(zygote_main)["announce"])
    if options.terminal:
        os.open(options.terminal, os.O_RDWR)
    if options.blocked:
        pthread_sigmask(SIG_BLOCK, [SIGTERM])
    if options.breaks:
        vars(supervisor_loop)["plan"] = partial(plan_that_breaks, Path(options.folder, "break"), plans.plan)


def announce_late(options: Options, really: Any, write_fd: int, number: int) -> None:
    write(options, "unannounced", who="worker")
    coming = Path(options.folder, "coming")
    dies = options.dies_at_birth and not coming.exists()
    coming.touch()
    select.select([], [], [], options.slow_birth)
    really(write_fd, number)
    if dies:
        coming.write_text(str(number))
        os._exit(41)


def see_deaths_late(options: Options, really: Any, this: supervisor_loop.SupervisorLoop, now: float) -> None:
    """Between a look at births and one at deaths a worker is born and dies."""
    coming = Path(options.folder, "coming")
    if options.dies_at_birth and coming.exists() and not Path(options.folder, "seen").exists():
        while not (pid := coming.read_text()):
            select.select([], [], [], 0.01)
        os.waitid(os.P_PID, int(pid), os.WEXITED | os.WNOWAIT)
        Path(options.folder, "seen").touch()
    really(this, now)


def plan_that_breaks(trigger: Path, real_plan: Any, *situation: Any) -> Any:
    if trigger.exists():
        raise RuntimeError("a bug in the plan")
    return real_plan(*situation)


def main() -> int:
    options = Options(**json.loads(sys.argv[1]))
    logging.basicConfig(level=logging.DEBUG, format="%(levelname)s %(message)s")
    prepare(options)
    settings = ServeSettings(
        dsn="",
        app="",
        procs=options.procs,
        shutdown_timeout=options.shutdown_timeout,
        max_jobs_per_child=100,
        worker=WorkerSettings(job_timeout=options.job_timeout),
    )
    board = Scoreboard.create(slots_for(options.procs), entries=10)
    made = Supervisor(
        settings,
        board,
        worker=partial(worker, options),
        steward=partial(steward, options),
        preload=partial(load, options) if options.preload else None,
    )
    code = made.run()
    left = {slot.index: slot.state.name for slot in board if slot.state is not SlotState.FREE}
    Path(options.folder, "result").write_text(json.dumps({"code": code.name, "left": left, "options": asdict(options)}))
    return code


if __name__ == "__main__":
    sys.exit(main())
