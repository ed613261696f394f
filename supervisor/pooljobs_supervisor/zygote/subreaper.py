"""How a worker that a zygote forked becomes the supervisor's child: by two forks, of which the first one's process ends
at once. The kernel hands its child to the nearest ancestor that has asked for orphans, as the supervisor does.

Linux only; nowhere else can a process ask for that.
"""

from __future__ import annotations

import ctypes
import os
import sys
import time

from pooljobs.errors import RefusedError

_PR_SET_CHILD_SUBREAPER = 36
_STEP = 0.0005


def require_adoption(platform: str = sys.platform) -> None:
    """Refuse ``--preload`` where it cannot work.

    Raises:
        RefusedError: This is not Linux.
    """
    if platform != "linux":
        raise RefusedError(
            f"--preload needs Linux: on {platform} a process that another one forked cannot become the supervisor's"
            " own child, and a worker must be one",
            hint="serve without --preload: each worker then imports the application itself",
        )


def adopt_orphans() -> None:
    """From now on orphaned descendants become children of this process.

    Raises:
        OSError: The system refuses.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"cannot become a subreaper: {os.strerror(number)}")


def await_adoption(parent: int) -> None:
    """Wait until this process is no child of ``parent`` any more, which ends just now, and so very soon.

    Who dies in between is noticed by the caller: the new parent is not whom it expects then.
    """
    while os.getppid() == parent:
        time.sleep(_STEP)
