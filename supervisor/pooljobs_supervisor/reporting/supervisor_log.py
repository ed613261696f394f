"""What the supervisor tells in its log: a start, a drain and a crash in a few lines each. No decisions here."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from logging import DEBUG, INFO, WARNING, Logger
from signal import Signals
from uuid import UUID

from pooljobs.exit_codes import ExitCode, describe_exit
from pooljobs_supervisor.fleet.children import ChildRecord, Children, Position
from pooljobs_supervisor.fleet.lifecycle import Lifecycle, LifecycleStage
from pooljobs_supervisor.forking.reaped import ReapedChild

STORM_PAUSE = 10.0
"""Seconds between two lines about positions that wait for a fork."""

_ASKED = {
    LifecycleStage.DRAIN: "%s: draining; %d %s to finish the claimed jobs, within %g s",
    LifecycleStage.RELEASE: "%s again: %d %s to finish what runs and give the rest back, within %g s in all",
    LifecycleStage.KILL: "%s: killing %d %s; their jobs go back to the queues (the limit was %g s)",
}

_ALL_READY = "%d %s ready after %.1f s"
_READY_LINE = re.compile(r"\S+".join(re.escape(part) for part in re.split(r"%\.?\d*[dsf]", _ALL_READY)))


def tells_ready(log: str) -> bool:
    """Whether a log has the line that all workers are ready: for programs that start a fleet and wait for it."""
    return _READY_LINE.search(log) is not None


class SupervisorLog:
    """Writes the supervisor's lines to ``log``. Times are monotonic seconds."""

    def __init__(self, log: Logger, procs: int, connections: Callable[[int], int]) -> None:
        """``connections`` tells how many a fleet of so many workers needs; those for ``procs`` were checked."""
        self._log = log
        self._procs = procs
        self._connections = connections
        self._began = 0.0
        self._all_ready = False
        self._storm_told = float("-inf")

    def starting(self, pid: int, now: float) -> None:
        """The supervisor begins."""
        self._began = now
        self._log.info("starting %d %s and a steward (pid %d)", self._procs, _workers(self._procs), pid)

    def ready(self, child: ChildRecord, ready_workers: int, now: float) -> None:
        """A child is READY; when all workers are for the first time, that is worth a line to everybody."""
        self._log.debug("%s (pid %d) is ready after %.2f s", child.position, child.pid, now - child.forked)
        if ready_workers == self._procs and not self._all_ready:
            self._all_ready = True
            took = now - self._began
            self._log.info(_ALL_READY, self._procs, _workers(self._procs), took)

    def slow_boot(self, child: ChildRecord, silent: float, where: str) -> None:
        """A child takes suspiciously long to boot."""
        self._log.warning("%s (pid %d) is still starting after %.0f s; %s", child.position, child.pid, silent, where)

    def not_forked(self, position: Position, error: OSError, wait: float) -> None:
        """The system refused a process."""
        self._log.error("no process for %s: %s; next try in %.1f s", position, error, wait)

    def kept_empty(self, position: Position, failed_starts: int, wait: float) -> None:
        """A position waits out its back-off."""
        told = "%s stays empty for %.1f s: %d starts in a row have failed"
        self._log.warning(told, position, wait, failed_starts)

    def held_back(self, positions: Sequence[Position], a_second: float, now: float) -> None:
        """These positions stay empty for a moment, or none any more: told once in a while, however
        long a storm lasts.
        """
        if not positions or now < self._storm_told + STORM_PAUSE:
            return
        self._storm_told = now
        names = ", ".join(str(position) for position in positions)
        self._log.warning(
            "%s: empty until a fork is left, for about %.1f s: children that came up have died faster than %g a second",
            names,
            len(positions) / a_second,
            a_second,
        )

    def died(self, reaped: ReapedChild, *, ending: bool, now: float) -> None:
        """A child ended: expected, on request, or as a crash."""
        child, status, held = reaped.child, reaped.status, reaped.held
        level = (DEBUG if ending else INFO) if status == 0 else WARNING
        jobs = f", holding {held} {'job' if held == 1 else 'jobs'}" if held else ""
        by_us = " by the supervisor" if reaped.killed else ""
        text = "%s (pid %d) ended: %s%s after %.1f s%s"
        extra = {"child": str(child.position), "child_pid": child.pid, "exit_status": status, "held_jobs": held}
        lived = now - child.forked
        self._log.log(level, text, child.position, child.pid, describe_exit(status), by_us, lived, jobs, extra=extra)

    def never_booted(self, child: ChildRecord, status: int, code: ExitCode) -> None:
        """The start failed."""
        self._log.error("%s never came up (%s): giving up (%s)", child.position, describe_exit(status), code.name)

    def asked(self, number: Signals, lifecycle: Lifecycle, workers: int) -> None:
        """A signal asked for an end, for the first, second or third time."""
        line = _ASKED.get(lifecycle.stage)
        if line is not None:
            self._log.info(line, number.name, workers, _workers(workers), lifecycle.drain_limit)

    def emptied(self, workers: int) -> None:
        """The fleet was to serve until nothing is left to do, and nothing is."""
        self._log.info("nothing is left to do: %d %s to leave", workers, _workers(workers))

    def waiting(self, line: str) -> None:
        """The end is not there yet."""
        self._log.info("%s", line)

    def replacing(self, child: ChildRecord, why: str) -> None:
        """A worker has passed a limit."""
        self._log.info("%s (pid %d) %s: it leaves when its replacement is ready", child.position, child.pid, why)

    def executing(self, child: ChildRecord, job_id: UUID, why: str) -> None:
        """A worker is killed for a job."""
        self._log.warning("job %s %s: killing %s (pid %d)", job_id, why, child.position, child.pid)

    def reloading(self, why: str, workers: int, *, again: bool) -> None:
        """A reload was asked for, perhaps while another was under way."""
        anew = " anew" if again else ""
        told = "%s: reloading%s; %d %s to be replaced, one after the other"
        self._log.info(told, why, anew, workers, _workers(workers))

    def replaced_by_death(self, child: ChildRecord) -> None:
        """A worker that was to be replaced has died by itself."""
        self._log.info("%s is replaced at once, with the new code", child.position)

    def reload_waits(self, child: ChildRecord, running: float) -> None:
        """An old worker takes its time."""
        job = f" has run a job for {running:.0f} s" if running else " has jobs to finish"
        self._log.info("%s (pid %d)%s: the reload goes on when it is gone", child.position, child.pid, job)

    def reloaded(self, children: Children, took: float) -> None:
        """All workers have the new code."""
        count = len(children.workers)
        self._log.info("reloaded: %d %s with the new code after %.1f s", count, _workers(count), took)

    def reload_given_up(self, why: str, *, old: int, new: int) -> None:
        """The new code cannot be had."""
        others = f", beside {new} with the new code" if new else ""
        go_on = "worker goes on" if old == 1 else "workers go on"
        self._log.error("reload given up: %s; the %d old %s%s", why, old, go_on, others)

    def hung(self, child: ChildRecord, silent: float, where: str) -> None:
        """A child is killed because nothing happens in it."""
        what = "hangs outside any handler, without a sign of life for" if child.ready_at else "did not start within"
        self._log.warning("%s (pid %d) %s %.0f s: killing it; %s", child.position, child.pid, what, silent, where)

    def resized(self, number: Signals, children: Children, *, fits: bool) -> None:
        """The fleet was asked to grow or shrink by one."""
        now = f"{children.procs} {_workers(children.procs)}"
        if not fits:
            why = f"there is room for no more than {now}" if number is Signals.SIGTTIN else "one worker is the least"
            self._log.warning("%s refused: %s", number.name, why)
        elif children.procs > self._procs:
            most = self._connections(children.procs)
            more = most - self._connections(self._procs)
            unchecked = "more than were checked at the start"
            self._log.info("%s: %s from now on; up to %d connections, %d %s", number.name, now, most, more, unchecked)
        else:
            self._log.info("%s: %s from now on", number.name, now)

    def scoreboard(self, lines: list[str]) -> None:
        """The scoreboard was asked for."""
        for line in lines:
            self._log.info("%s", line)

    def moved(
        self, before: LifecycleStage, after: LifecycleStage, lifecycle: Lifecycle, workers: int, now: float
    ) -> None:
        """The course moved on by itself."""
        if after is LifecycleStage.KILL:
            limit = lifecycle.drain_limit
            self._log.warning("%d %s left %g s after the first request: killing", workers, _workers(workers), limit)
        elif after is LifecycleStage.EVICT:
            self._log.warning("the steward does not leave: killing it")
        elif before < LifecycleStage.SETTLE <= after:
            self._log.info("all workers are gone after %.1f s", now - lifecycle.drain_since)

    def left_behind(self, children: tuple[ChildRecord, ...]) -> None:
        """Even SIGKILL did not end some children."""
        names = ", ".join(f"{child.position} (pid {child.pid})" for child in children)
        self._log.error("these survived SIGKILL and are left behind: %s", names)

    def ended(self, lifecycle: Lifecycle) -> None:
        """The supervisor returns."""
        self._log.info("stopped (%s)", lifecycle.result.name.lower().replace("_", " "))


def _workers(count: int) -> str:
    return "worker" if count == 1 else "workers"
