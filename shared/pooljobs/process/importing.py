"""Around imports: without a look for garbage, since what modules make stays, and looking at it again and again is a
seventh of it; and with a directory for temporary files, where there is none.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Around imports of many modules: nothing is collected meanwhile. Afterwards it is as it was."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


@contextmanager
def with_a_temporary_directory() -> Iterator[None]:
    """Around the import of a module that wants to know the directory for temporary files, but writes nothing there.

    Where none can be written to (a root filesystem that is read-only) it is told one all the same. Afterwards whoever
    asks hears the truth.
    """
    import tempfile  # which most commands need not have

    try:
        tempfile.gettempdir()
    except OSError:
        tempfile.tempdir = os.sep
        try:
            yield
        finally:
            tempfile.tempdir = None
    else:
        yield
