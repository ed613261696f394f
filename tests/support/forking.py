"""Runs a check in a forked child, for tests of what must not cross a fork."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable


def exit_code_of(check: Callable[[], bool]) -> int:
    """0 where ``check`` returned true in a forked child, 1 where false, 2 where it raised (shown on stderr)."""
    pid = os.fork()
    if pid == 0:
        try:
            code = 0 if check() else 1
        except BaseException:  # noqa: BLE001 - the child must not return into pytest
            traceback.print_exc()
            code = 2
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
