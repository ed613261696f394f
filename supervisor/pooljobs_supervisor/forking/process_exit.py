"""The last act of a child, and of a supervisor that broke: flush what can be flushed in time, then go.

An ordinary interpreter exit would join threads and processes that may never end.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
from collections.abc import Callable
from typing import NoReturn

FLUSH_LIMIT = 2.0
"""Seconds. A reader of our output that has stopped reading must not keep us."""


def leave(code: int, last_words: Callable[[], object] | None = None) -> NoReturn:
    """Flush logging and the standard streams within ``FLUSH_LIMIT``, then end the process with ``code``.

    ``last_words`` is called before, within the same limit.
    """
    flusher = threading.Thread(target=_flush, args=(last_words,), name="flush", daemon=True)
    with contextlib.suppress(RuntimeError):  # no thread to be had: leave unflushed
        flusher.start()
        flusher.join(FLUSH_LIMIT)
    os._exit(code & 0xFF)


def _flush(last_words: Callable[[], object] | None) -> None:
    if last_words is not None:
        last_words()
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # closed, gone, or None
            stream.flush()
