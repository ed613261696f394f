"""What is stored and shown of an exception: its name, its headline, and the text of ``last_error``.

An exception is a user's, and may do anything when it is looked at: raise from ``__str__``, be named by a property, say
nothing or pages. So nothing here raises, and the first line is always the same: ``module.Class: what it says``.
"""

from __future__ import annotations

import traceback
from types import TracebackType

from pooljobs.job.secret_values import without_secrets

LIMIT = 8192
"""Characters kept of one error: the head says what, the tail says where it came from."""

LONGEST_HEADLINE = 1000
"""Characters of the first line."""

_CUT = "\n… {count} characters left out …\n"
_PLAIN_MODULES = ("builtins", "__main__")
_class_name, _class_module = type.__dict__["__qualname__"].__get__, type.__dict__["__module__"].__get__


def error_type(error: BaseException) -> str:
    """The name of its class, after the name of its module where that is not Python's own or the program itself.

    >>> error_type(KeyError("k")), error_type(UnicodeError())
    ('KeyError', 'UnicodeError')
    """
    try:
        name, module = str.__str__(_class_name(type(error))), str.__str__(_class_module(type(error)))
    except Exception:  # noqa: BLE001  # whatever was put in place of its module's name
        name, module = type.__repr__(type(error)), _PLAIN_MODULES[0]
    return _in_one_line(name if module in _PLAIN_MODULES else f"{module}.{name}") or "(nameless)"


def headline(error: BaseException) -> str:
    r"""The exception in one line: its ``error_type``, then what it says, its own lines joined, cut where it is long.

    >>> headline(ValueError("no such user"))
    'ValueError: no such user'
    >>> headline(ValueError("")), headline(ValueError("\nfirst\n  second"))
    ('ValueError', 'ValueError: first second')
    """
    name = error_type(error)
    said = _in_one_line(without_secrets(_said(error)))
    line = f"{name}: {said}" if said else name
    return clean(line if len(line) <= LONGEST_HEADLINE else f"{line[: LONGEST_HEADLINE - 1]}…")


def describe(error: BaseException, *, skip_frames: int = 0) -> str:
    """The exception in one line, then its traceback without the first ``skip_frames`` frames (our own).

    Never raises: an exception whose ``__str__`` raises is described by its class.
    """
    return clean(f"{headline(error)}\n\n{traceback_text(error, without(error.__traceback__, skip_frames))}".rstrip())


def traceback_text(error: BaseException, trail: TracebackType | None) -> str:
    """The traceback as Python prints it, or why there is none. Never raises."""
    try:
        return without_secrets("".join(traceback.format_exception(type(error), error, trail)))
    except BaseException as second:  # noqa: BLE001  # a handler's exception class may do anything when it is printed
        return f"(its traceback could not be printed: {error_type(second)})"


def without(trail: TracebackType | None, frames: int) -> TracebackType | None:
    """A traceback but for its first frames."""
    for _ in range(frames):
        trail = trail.tb_next if trail else None
    return trail


def without_hint(text: str, hint: str | None) -> str:
    r"""A traceback without the note that holds this hint: for who shows the hint by itself.

    >>> without_hint("Traceback\nOptionError: no\nhint: yes\n", "yes")
    'Traceback\nOptionError: no\n'
    """
    note = f"hint: {hint}"
    return "".join(line for line in text.splitlines(keepends=True) if line.rstrip("\n") != note)


def said(error: Exception) -> str:
    """What an exception says, after its name where it is not one of those that stand for a wrong value."""
    name = type(error).__name__
    try:
        text = str(error)
    except Exception:  # noqa: BLE001  # whatever a class of the user's does when it is printed
        return name
    return text if isinstance(error, TypeError | ValueError) else f"{name}: {text}"


def clean(text: str, limit: int = LIMIT) -> str:
    """Text that PostgreSQL stores: NUL and lone surrogates as escapes, the middle of a long one cut out; without the
    values of secret parameters (``secret_values.py``).
    """
    storable = without_secrets(text).replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode("utf-8")
    if len(storable) <= limit:
        return storable
    tail = limit * 3 // 4
    head = limit - tail
    return storable[:head] + _CUT.format(count=len(storable) - limit) + storable[-tail:]


def _said(error: BaseException) -> str:
    try:
        return str.__str__(str(error))  # a plain one, of whatever subclass
    except BaseException:  # noqa: BLE001  # a handler's exception class may do anything when it is printed
        return "<exception str() failed>"


def _in_one_line(text: str) -> str:
    """Without the ends of its lines: whatever counts as one anywhere."""
    return " ".join(filter(None, map(str.strip, text.strip()[: 4 * LONGEST_HEADLINE].splitlines())))
