"""What the log tells of zygotes. No decisions here. Times are monotonic seconds."""

from __future__ import annotations

from logging import ERROR, WARNING, Logger

from pooljobs.exit_codes import describe_exit
from pooljobs_supervisor.forking.memory import in_megabytes, proportional
from pooljobs_supervisor.zygote.zygote_state import ZygoteRecord


class ZygoteLog:
    """Writes the supervisor's lines to ``log``."""

    def __init__(self, log: Logger) -> None:
        self._log = log

    def ready(self, zygote: ZygoteRecord, now: float) -> None:
        """One has loaded the application: here is seen what it takes, before workers share it."""
        size = in_megabytes(proportional(zygote.pid))
        took = now - zygote.forked
        self._log.info("zygote (pid %d) has the application after %.1f s: %s to share", zygote.pid, took, size)

    def slow(self, zygote: ZygoteRecord, now: float, where: str) -> None:
        """One takes suspiciously long to load."""
        told = "zygote (pid %d) still loads the application after %.0f s; %s"
        self._log.warning(told, zygote.pid, now - zygote.forked, where)

    def hangs(self, zygote: ZygoteRecord, where: str) -> None:
        """One is killed because it gives no answer, or loads the application for too long."""
        self._log.warning("zygote (pid %d) gives no answer: killing it; %s", zygote.pid, where)

    def not_forked(self, error: OSError) -> None:
        """The system refused a process, or what it needs."""
        self._log.error("no process for a zygote: %s", error)

    def died(self, zygote: ZygoteRecord, status: int, *, serving: bool, now: float) -> None:
        """One has ended: on request, as a crash, or because the application does not load."""
        if zygote.ended:
            self._log.debug("zygote (pid %d) is gone: it was needed no more", zygote.pid)
            return
        level = ERROR if zygote.ready_at is None else WARNING
        left = "; its workers go on" if serving and zygote.ready_at is not None else ""
        told = "zygote (pid %d) ended: %s after %.1f s%s"
        self._log.log(level, told, zygote.pid, describe_exit(status), now - zygote.forked, left)

    def never_loaded(self, status: int, name: str) -> None:
        """The start failed."""
        self._log.error("the application could not be loaded (%s): giving up (%s)", describe_exit(status), name)
