"""How wide columns are where there is not room for all. Pure."""

from __future__ import annotations

from collections.abc import Sequence


def shrunk(widths: Sequence[int], least: Sequence[int], room: int) -> list[int] | None:
    """Widths whose sum is at most ``room``: the widest gives way first, none below its least. None if that is too much.

    >>> shrunk([36, 20, 7], [36, 6, 5], 55)
    [36, 12, 7]
    >>> shrunk([36, 20, 20], [36, 6, 6], 56)
    [36, 10, 10]
    >>> shrunk([36, 20], [36, 6], 40) is None
    True
    """
    fitting = list(widths)
    bounds = [min(pair) for pair in zip(widths, least, strict=True)]
    for _ in range(sum(widths) - room):
        giving = [place for place, width in enumerate(fitting) if width > bounds[place]]
        if not giving:
            return None
        fitting[max(giving, key=fitting.__getitem__)] -= 1
    return fitting
