"""What is raised where a library is missing that an extra installs."""

from __future__ import annotations

from pooljobs.errors import PoolJobsError
from pooljobs.exit_codes import ExitCode


class MissingExtraError(PoolJobsError, ImportError):
    """A library is not installed; the hint has the command that installs it."""

    exit_code = ExitCode.APP

    def __init__(self, module: str, library: str, extra: str) -> None:
        super().__init__(f"{module} needs {library}, which is not installed", hint=f"pip install 'pooljobs[{extra}]'")
