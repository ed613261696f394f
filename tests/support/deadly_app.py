"""Handlers that take others with them, and some that stand beside; all runs go on record as in ``audit_app``."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import psutil

from pooljobs import JobContext, PoolJobs, State
from tests.support.audit_app import Audit, open_audit

app = PoolJobs()
app.provide(Audit, open_audit)


@app.job
def innocent(audit: State[Audit], ctx: JobContext, secs: float = 0.0) -> None:
    """Goes on record, then takes ``secs`` seconds."""
    audit.began(ctx)
    time.sleep(secs)


@app.job
def deadly(audit: State[Audit], ctx: JobContext, secs: float) -> None:
    """Kills its process, whenever it runs, after ``secs`` seconds."""
    audit.began(ctx)
    time.sleep(secs)
    os.kill(os.getpid(), signal.SIGKILL)


@app.job
def now_and_then(*, deadly: bool) -> None:
    """Kills its process, or takes 20 ms."""
    if deadly:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.02)


@app.job
def waits_for(audit: State[Audit], ctx: JobContext, path: str) -> None:
    """Ends when the file is there."""
    audit.began(ctx)
    while not Path(path).exists():
        time.sleep(0.01)


@app.job
def kills_its_host(audit: State[Audit], ctx: JobContext) -> None:
    """Kills the supervisor, its steward, its workers, and this process last."""
    audit.began(ctx)
    supervisor = psutil.Process(os.getppid())
    for process in (supervisor, *supervisor.children()):
        if process.pid != os.getpid():
            with suppress(psutil.NoSuchProcess):  # the children of a supervisor that is gone end by themselves
                process.kill()
    os.kill(os.getpid(), signal.SIGKILL)


@app.job
def needs_memory(megabytes: int, secs: float = 0.0, then: str = "return") -> None:
    """Has so much memory for so long; then returns, or dies."""
    used = b"x" * (megabytes * 1_000_000)
    time.sleep(secs)
    del used
    if then == "die":
        os.kill(os.getpid(), signal.SIGKILL)
