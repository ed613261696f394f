"""Child processes that are reaped together with what they used. Made by ``spawn.py``; adopted ones by
``child_processes.py``.

multiprocess reaps in more places than one (any ``start`` looks after the children before it), so the measuring is done
where it reaps, and not beside it.
"""

from __future__ import annotations

import os
import sys
from typing import Any, NamedTuple

from pooljobs.process.importing import with_a_temporary_directory

with with_a_temporary_directory():  # multiprocess imports dill, which asks where it is
    from multiprocess import util
    from multiprocess.context import ForkProcess
    from multiprocess.popen_fork import Popen

_PEAK_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in one unit of ``ru_maxrss``."""


class Usage(NamedTuple):
    """What a process used in its whole life, with those of its own children that it waited for."""

    cpu_seconds: float
    peak_memory: int
    """Bytes."""


class _MeasuringPopen(Popen):  # type: ignore[misc]  # multiprocess comes without types
    pid: int
    sentinel: int
    finalizer: Any
    returncode: int | None
    usage: Usage | None = None

    def _launch(self, process_obj: Any) -> None:
        """Fork, without a word to ``atexit``: from Python 3.13 on the method that this replaces forgets in the child
        what was registered before, and ``spawn.py`` decides whether that is to be kept.
        """
        parent_reads, child_writes = os.pipe()
        child_reads, parent_writes = os.pipe()
        self.pid = os.fork()
        if self.pid:
            os.close(child_writes)
            os.close(child_reads)
            self.finalizer = util.Finalize(self, util.close_fds, (parent_reads, parent_writes))
            self.sentinel = parent_reads
            return
        code = 1
        try:
            os.close(parent_reads)
            os.close(parent_writes)
            code = process_obj._bootstrap(parent_sentinel=child_reads)  # noqa: SLF001
        finally:
            os._exit(code)

    def poll(self, flag: int = os.WNOHANG) -> int | None:
        """Reap by wait4, which tells the usage; otherwise as the method it replaces."""
        if self.returncode is not None:
            return self.returncode
        if (reaped := _reap(self.pid, flag)) is not None:
            self.returncode, self.usage = reaped
        return self.returncode


class MeasuredProcess(ForkProcess):  # type: ignore[misc]  # multiprocess comes without types
    """A ``multiprocess.Process`` by fork, with ``usage``."""

    _popen: Any

    @staticmethod
    def _Popen(process_obj: Any) -> _MeasuringPopen:  # noqa: N802  # multiprocess's name for it
        return _MeasuringPopen(process_obj)

    @property
    def usage(self) -> Usage | None:
        """What it used; None before it was reaped by this object, and after ``close``."""
        return self._popen.usage if self._popen is not None else None


class AdoptedProcess:
    """A process that another one forked, and that has become a child of this one; see ``zygote/subreaper.py``."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.usage: Usage | None = None
        """What it used; None before it was reaped by this object."""
        self._status: int | None = None

    @property
    def exitcode(self) -> int | None:
        """Exit code, or minus a signal's number; None before the end. Reaps."""
        if self._status is None and (reaped := _reap(self.pid, os.WNOHANG)) is not None:
            self._status, self.usage = reaped
        return self._status

    def close(self) -> None:
        """There is nothing to let go of."""


def _reap(pid: int, flag: int) -> tuple[int, Usage] | None:
    """Exit code, or minus a signal's number, and the usage; None if it has not ended, or somebody else reaped it."""
    try:
        reaped, status, used = os.wait4(pid, flag)
    except OSError:
        return None
    if reaped != pid:
        return None
    usage = Usage(used.ru_utime + used.ru_stime, used.ru_maxrss * _PEAK_UNIT)
    return os.waitstatus_to_exitcode(status), usage
