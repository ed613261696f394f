"""Finds out whether a library has put its own in the place of Python's threads, locks and waits, as gevent and eventlet
do (``monkey.patch_all``). Used by ``readiness.py``.

Their green threads run while somebody waits in a call that they have replaced, and a worker waits in C: for its server,
for its jobs, for the threads that settle. It would hang in its first statement.
"""

from __future__ import annotations

import _thread
import select
import sys
from typing import Final

_CALLS: Final = (
    (_thread, "start_new_thread"),
    (_thread, "allocate_lock"),
    (select, "select"),
    (select, "poll"),
)


def replaced_by() -> str | None:
    """The package whose functions stand there; None where they are Python's own."""
    for module, name in _CALLS:
        call = getattr(module, name, None)
        home = getattr(call, "__module__", None) or module.__name__
        package = str(home).partition(".")[0]
        if package not in sys.stdlib_module_names:
            return package
    return None
