"""One ``pooljobs serve`` of a host, from its start to its end, and whether that is how it may end."""

from __future__ import annotations

import signal
import subprocess
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Final

from pooljobs.exit_codes import ExitCode
from pooljobs_supervisor.reporting.supervisor_log import tells_ready

_PASSING: Final = frozenset(
    {ExitCode.DATABASE_UNREACHABLE, ExitCode.CONNECTION_BUDGET, ExitCode.WORKER_BOOT, ExitCode.DATABASE_UNSUPPORTED}
)
"""How a start may end while the database is away; the process manager tries again."""

_LEAVING: Final = frozenset({ExitCode.OK, ExitCode.DRAIN_TIMED_OUT})
"""How a drain may end in the middle of all that harm."""


@dataclass(slots=True)
class Incarnation:
    """One start of one host's supervisor."""

    number: int
    process: subprocess.Popen[bytes]
    _: KW_ONLY
    log: Path
    killed: bool = False
    leaving: bool = False
    _was_ready: bool = False

    @property
    def ready(self) -> bool:
        """Whether its workers have come up."""
        self._was_ready = self._was_ready or tells_ready(self.log.read_text(errors="replace"))
        return self._was_ready

    @property
    def serves(self) -> bool:
        """Whether it has come up and nobody has ended it or asked it to leave."""
        return self.process.poll() is None and not self.leaving and self.ready

    def reload(self) -> None:
        """Have the workers replaced."""
        self.process.send_signal(signal.SIGHUP)

    def leave(self) -> None:
        """Have it drain."""
        self.leaving = True
        self.process.send_signal(signal.SIGTERM)

    def ended_well(self, code: int) -> bool:
        """Whether this exit code is what may become of it."""
        if self.leaving and code in _LEAVING:
            return True
        return self.killed or (code in _PASSING and not self.ready)
