"""Spares Python's garbage collector what it would look through in vain: a tenth of a worker's time with short jobs.

Objects whose references form no cycle are freed without it, a batch's jobs among them. But it begins whenever so many
more were made than freed, and looks at them all, and now and then at whatever the application has loaded.
"""

from __future__ import annotations

import gc
from typing import Final

YOUNG: Final = 5000
"""Objects that may be made, net, before the collector looks at the newest: more than a batch has. Python's own number,
700 or 2,000 by its version, is passed several times in each batch of 500 jobs."""


def look_less_often() -> None:
    """To be called before the application is loaded, which may choose otherwise, or have chosen by its environment."""
    first, *others = gc.get_threshold()
    if 0 < first < YOUNG:  # 0: never
        gc.set_threshold(YOUNG, *others)


def pass_over_what_is_there() -> None:
    """From now on the collector does not look at what exists now: what an application loads stays until the end."""
    gc.freeze()
