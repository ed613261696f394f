"""The descriptors 0, 1 and 2 are no connection's. What prints or reads goes by these numbers.

Where one of them is closed its number is given to what is opened next, and then a line that is printed goes to the
database in the midst of a statement. So they are taken when a command begins, in each forked child, and after a
handler, which may have closed one.
"""

from __future__ import annotations

import os
from typing import Final

STANDARD: Final = (0, 1, 2)


def take() -> None:
    """Put nothing in the place of those that are closed; programs that are started from here inherit all three."""
    for number in STANDARD:
        try:
            _pass_on(number)  # multiprocess gives a child a stdin that its own children would not get
        except OSError:
            _put()


def nothing(access: int = os.O_RDWR) -> int:
    """A new descriptor from which nothing is to be read; where there is no /dev/null, nothing can be written either."""
    try:
        return os.open(os.devnull, access)
    except OSError:
        reading, writing = os.pipe()
        os.close(writing)
        return reading


def _put() -> None:
    """What is opened gets the lowest number that is free, unless another thread has taken it meanwhile."""
    fd = nothing()
    if fd in STANDARD:
        _pass_on(fd)
    else:
        os.close(fd)


def _pass_on(fd: int) -> None:
    """Raises OSError where it is closed."""
    os.set_inheritable(fd, True)  # noqa: FBT003  # it takes no keywords
