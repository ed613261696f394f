"""Sets up the root logger of a process. Called by ``pooljobs serve`` before it forks."""

from __future__ import annotations

import logging
import sys
from typing import TextIO

from pooljobs.errors import OptionError
from pooljobs.logs.application_logging import come_back
from pooljobs.logs.json_lines import JsonFormatter
from pooljobs.logs.line_handler import LineHandler
from pooljobs.logs.text import TextFormatter
from pooljobs.process.colour import is_terminal, wants_colour
from pooljobs.settings import LOG_LEVELS


def configure(
    format: str = "text",  # noqa: A002  # reads as --log-format does
    level: str = "info",
    stream: TextIO | None = None,
    *,
    colour: bool | None = None,
) -> None:
    """Log everything from ``level`` up to ``stream``, instead of where an earlier call sent it.

    Handlers that others put on the root logger stay; where one writes to the same place, ours stays away
    (``application_logging.py``). Python's warnings become records of ``py.warnings``.

    Args:
        format: ``text`` for people, ``json`` for one object a line.
        level: One of debug, info, warning, error, critical, in any case.
        stream: Default stderr.
        colour: Default: on a terminal only; NO_COLOR and FORCE_COLOR are honoured. JSON is never coloured.

    Raises:
        OptionError: No such level or format.
    """
    target = sys.stderr if stream is None else stream
    number = _level(level)
    handler = LineHandler(target, terminal=format == "text" and is_terminal(target))
    handler.setFormatter(_formatter(format, wants_colour(target) if colour is None else colour))
    root = logging.getLogger()
    for old in _handlers():
        root.removeHandler(old)
        old.close()
    root.setLevel(number)
    come_back(handler)
    logging.captureWarnings(capture=True)


def terminal() -> int | None:
    """The descriptor of the terminal that this process's log goes to as text; None where it goes elsewhere."""
    return next((handler.terminal for handler in _handlers()), None)


def never_wait() -> None:
    """From now on no line of this process waits for its reader; its children's do. Call ``flush`` often then."""
    for handler in _handlers():
        handler.never_wait()


def flush() -> bool:
    """Writes the lines that wait for a reader, as far as they are taken now; whether some still wait."""
    handlers = _handlers()
    for handler in handlers:
        handler.flush()
    return any(handler.backlog for handler in handlers)


def _handlers() -> list[LineHandler]:
    return [handler for handler in logging.getLogger().handlers if isinstance(handler, LineHandler)]


def _level(name: str) -> int:
    if name.lower() not in LOG_LEVELS:
        raise OptionError(f"no such log level: {name!r}", hint=f"use one of {', '.join(LOG_LEVELS)}")
    return logging.getLevelNamesMapping()[name.upper()]


def _formatter(format: str, colour: bool) -> logging.Formatter:  # noqa: A002  # private
    if format == "json":
        return JsonFormatter()
    if format == "text":
        return TextFormatter(colour=colour)
    raise OptionError(f"no such log format: {format!r}", hint="use text or json")
