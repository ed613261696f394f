"""Reads ``--queues``: names, each perhaps with a weight."""

from __future__ import annotations

from pooljobs.errors import OptionError
from pooljobs.settings import WorkerSettings

_MOST_DIGITS = 9


def shares(text: str) -> dict[str, int]:
    """The weight of each queue in a comma-separated list; 1 where none is given.

    What follows a name's last colon is its weight, so that a name with a colon in it needs one.

    >>> shares("default:3, emails")
    {'default': 3, 'emails': 1}

    Raises:
        OptionError: A weight is not a whole number, a queue has two, or a name looks like a pattern, or is no text.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise OptionError(f"queues {text!r:.200} are not text in UTF-8") from error
    found: dict[str, int] = {}
    for part in text.split(","):
        if not (item := part.strip()):
            continue
        name, weight = _share(item)
        if found.setdefault(name, weight) != weight:
            raise OptionError(f"queue {name} has two weights, {found[name]} and {weight}")
    return found


def check_shares(text: str) -> None:
    """Refuse what cannot be served.

    Raises:
        OptionError: As by ``shares``; or there is no queue, or a weight is out of its range.
    """
    served = shares(text)
    WorkerSettings(queues=tuple(served), weights=tuple(served.values()))


def _share(item: str) -> tuple[str, int]:
    if pattern := set(item) & set("*?[]{}"):
        raise OptionError(
            f"{item!r} looks like a pattern, by its {min(pattern)}; queues are named one by one",
            hint="without --queues all are served that the application declares",
        )
    name, colon, weight = item.rpartition(":")
    if not colon:
        return item, 1
    weight = weight.strip()
    if not (weight.isascii() and weight.isdigit() and len(weight) <= _MOST_DIGITS and name.strip()):
        raise OptionError(
            f"{item!r} is not a queue's name, nor NAME:WEIGHT with a whole number",
            hint=f"for a queue with a colon in its name give the weight too: {item.rstrip(':')}:1",
        )
    return name.strip(), int(weight)
