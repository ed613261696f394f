"""Has the system measure the peak of this process's memory anew, so that a death tells of the job and not of the past.

The figure comes from the kernel at the death (``ru_maxrss``), which only the reaper can read. On Linux a process may
start it again at any time; that costs some 5 µs, which must not count beside short jobs. The peak of subprocesses that
it has waited for is in the figure too, and stays there: how high that was is noted as the floor.
"""

from __future__ import annotations

import os
import resource

from pooljobs.scoreboard import Slot

PAUSE_NS = 1_000_000_000
"""Nanoseconds between two measurements at least: a job's can have begun that much before the job."""

_RESET = b"5"
_UNIT = 1024
"""Bytes in one unit of ``ru_maxrss``, on Linux."""


class PeakMemory:
    """One worker's. Where there is no such file, or it may not be written, the peak is that of the whole life."""

    def __init__(self, slot: Slot, file: str = "/proc/self/clear_refs") -> None:
        self._slot = slot
        self._file = file
        self._next_ns = 0

    def before_job(self, now_ns: int) -> None:
        """Starts the measurement again, if the last one is old enough. Called when no handler runs."""
        if now_ns < self._next_ns:
            return
        self._next_ns = now_ns + PAUSE_NS
        try:
            file = os.open(self._file, os.O_WRONLY | os.O_CLOEXEC)
        except OSError:
            return
        try:
            os.write(file, _RESET)
            self._slot.peak_since_ns = now_ns
            self._slot.peak_floor = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * _UNIT
        except OSError:
            return
        finally:
            os.close(file)
