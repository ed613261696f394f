"""Compares output with what a document shows. Pure.

What differs from run to run (times, lengths of time, versions, places) matches anything of its kind. Ids and pids are
names: the first output that shows one says what it stands for, and from there on it stands for nothing else.
``...`` on a line of its own stands for any number of lines.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

ANY_LINES = "..."

Names = dict[str, str]
"""Ids and pids of a document, and those they stand for in this run."""

_ID = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"
_SPAN = r"\d+(?:\.\d+)? (?:ms|s|min|h|d)\b"
_AGE = rf"{_SPAN} ago"
_PLACE = r"[^\s,;]+"

_NAMED = {"id": (_ID, _ID), "pid": (r"(?<=pid )\d+", r"\d+")}
_VARYING = {
    "instant": (instant := r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} UTC", instant),
    "moment": (moment := r"\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?[+-]\d{4}", moment),
    "clock": (clock := r"\d\d:\d\d:\d\d\.\d{3}(?= )", clock),
    "age": (rf"(?:(?<=  )now\b|{_AGE})", rf"(?:now|{_AGE})"),
    "span": (_SPAN, _SPAN),
    "took": (r"(?<= in )\d+\.\d+s$", r"\d+\.\d+s"),
    "worker": (r"\bworker-\d+ *", r"worker-\d+ *"),
    "place": (r"\bworker \d+(?= \(pid)", r"worker \d+"),
    "worker_id": (r"\b\d+(?= \(worker-\d)", r"\d+"),
    "host": (r"(?<= on )[\w.-]+(?=\)$)", r"[\w.-]+"),
    "schema": (r"(?:(?<=at version )|(?<=\(version )|(?<=\"version\":))\d+", r"\d+"),
    "version": (version := r"\bPostgreSQL \d+\.\d+", version),
    "directory": (rf"(?<=PostgreSQL in ){_PLACE}", _PLACE),
    "project": (rf"(?<=of the project ){_PLACE}", _PLACE),
    "database": (database := rf"\bdatabase \S+ at (?:the socket in )?{_PLACE}", database),
    "cwd": (rf"(?<=working directory, ){_PLACE}", _PLACE),
    "connections": (left := r"\d+ left of \d+", left),
    "user": (r"(?<= \()you(?=\):)", r"\w+"),
    "file": (r'(?<=File ")[^"]+(?=", line)', r'[^"]+'),
}
"""How things that differ from run to run are shown, and what may stand in their place."""

_KINDS = _NAMED | _VARYING
_ANY_KIND = re.compile("|".join(f"(?P<{name}>{shown})" for name, (shown, _) in _KINDS.items()))


def line_matches(shown: str, actual: str, names: Names) -> bool:
    """Whether a line of output is what the document shows; then its new ids and pids are added to ``names``."""
    pattern, new = _pattern(shown.rstrip(), names)
    match = re.fullmatch(pattern, actual.rstrip())
    if match is None:
        return False
    found = {name: match[group] for name, group in new.items()}
    taken = [*names.values(), *found.values()]
    if len(set(taken)) < len(taken):
        return False  # two names for one thing
    names.update(found)
    return True


def _pattern(shown: str, names: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    pattern, new, at = "", dict[str, str](), 0
    for found in _ANY_KIND.finditer(shown):
        pattern += _plain(shown[at : found.start()])
        at = found.end()
        kind = found.lastgroup or ""
        _, stands_for = _KINDS[kind]
        if kind not in _NAMED:
            pattern += stands_for
        elif found[0] in names:
            pattern += re.escape(names[found[0]])
        else:
            group = new.setdefault(found[0], f"name{len(new)}")
            pattern += f"(?P<{group}>{stands_for})" if group not in pattern else f"(?P={group})"
    return pattern + _plain(shown[at:]), new


def _plain(text: str) -> str:
    """Text as it stands, but for the widths of columns, which follow what is in them."""
    return r"\s+".join(re.escape(part) for part in re.split(r" {2,}", text))


def output_matches(shown: Sequence[str], actual: Sequence[str], names: Names) -> bool:
    """Whether output is what is shown, line by line. ``names`` grows only if it is."""
    known, at, gap = dict(names), 0, False
    for line in _without_blank_ends(shown):
        if line.strip() == ANY_LINES:
            gap = True
            continue
        while at < len(actual) and gap and not line_matches(line, actual[at], known):
            at += 1
        if at >= len(actual) or not (gap or line_matches(line, actual[at], known)):
            return False
        at, gap = at + 1, False
    if not gap and any(line.strip() for line in actual[at:]):
        return False
    names.update(known)
    return True


def missing_lines(shown: Sequence[str], actual: Sequence[str], names: Names) -> list[str]:
    """Lines that are shown and not to be found anywhere in a log, whose processes write in any order.

    ``names`` grows only if there is none.
    """
    known, left, missing = dict(names), list(actual), []
    for line in _without_blank_ends(shown):
        if line.strip() in ("", ANY_LINES):
            continue
        found = next((candidate for candidate in left if line_matches(line, candidate, known)), None)
        if found is None:
            missing.append(line)
        else:
            left.remove(found)
    if not missing:
        names.update(known)
    return missing


def with_names(command: str, names: Mapping[str, str]) -> str:
    """A command with the ids and pids of this run."""
    for name, value in names.items():
        command = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", value, command)
    return command


def _without_blank_ends(lines: Sequence[str]) -> list[str]:
    return "\n".join(lines).strip("\n").splitlines()
