"""What handlers raised, as it passes on its way to the log."""

from __future__ import annotations

import logging
from typing import Final

from pooljobs.logs.job_log import ExcInfo, JobEvent, JobLog, LoggedJob

_RUNNERS: Final = "_pytest."
"""Where the bases are of what pytest raises through whatever runs: ``pytest.fail``, ``skip``, a test's time limit."""


class ListeningJobLog(JobLog):
    """Writes as any, but each failed run as a warning at least, which pytest shows where the test fails.

    Attributes:
        raised: What the last failed run raised; None if none did.
    """

    def __init__(self, log: logging.Logger) -> None:
        super().__init__(log, "failed")
        self.raised: BaseException | None = None

    def tell(
        self,
        event: JobEvent,
        job: LoggedJob,
        message: str,
        *arguments: object,
        started_ns: int = 0,
        exc_info: ExcInfo | None = None,
        stack: str | None = None,
        level: int | None = None,
    ) -> None:
        """As any."""
        if exc_info is not None:
            self.raised = exc_info[1]
            level = level or (logging.ERROR if event is JobEvent.FAILED else logging.WARNING)
        super().tell(
            event, job, message, *arguments, started_ns=started_ns, exc_info=exc_info, stack=stack, level=level
        )


def is_the_runners(error: BaseException | None) -> bool:
    """Whether it was meant for whoever runs the tests, and no failure of the handler that it happened to meet."""
    return isinstance(error, KeyboardInterrupt) or any(
        base.__module__.startswith(_RUNNERS) for base in type(error).__mro__
    )
