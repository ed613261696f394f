"""Looks at what a list is to be filtered by, before the database is asked."""

from __future__ import annotations

from pooljobs.errors import OptionError


def check_filters(**given: str | None) -> None:
    """Refuse what no row has: nothing at all, or what is no text.

    Args:
        **given: The options' names, each with what was said; None where it was not given.

    Raises:
        OptionError: One is empty, or has bytes that are not UTF-8.
    """
    for name, said in given.items():
        if said == "":
            raise OptionError(f"--{name} is empty", hint=f"leave --{name} out to list all of them")
        if said is not None and any("\ud800" <= character <= "\udfff" for character in said):
            raise OptionError(f"--{name} {said!r:.80} is no text in UTF-8")
