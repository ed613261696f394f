"""Makes room for the logging that an application sets up for itself while it is imported.

``logging.basicConfig`` does nothing where the root logger has a handler, so it must not find ours; and a handler of the
application's own that writes where ours does would write each line once more. So ours stands aside for the import, as
logging's last resort, and comes back unless the application has put a handler of its own onto the same terminal, pipe
or file: then that one writes the log of this process, in the application's format. Handlers that write elsewhere (a
file, a socket, a service) do so beside ours.

A handler in logging's default format is what a mere ``logging.warning()`` leaves, and ``basicConfig(level=…)``: it
goes, since ours says more, and the level that was set stays.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pooljobs.logs.line_handler import LineHandler

_STANDARD = (1, 2)


@contextmanager
def room_for_application() -> Iterator[None]:
    """Wrap the application's import in this. Changes nothing where there is no handler of ours."""
    root = logging.getLogger()
    ours = [handler for handler in root.handlers if isinstance(handler, LineHandler)]
    before = logging.lastResort
    for handler in ours:
        root.removeHandler(handler)
    if ours:
        logging.lastResort = ours[0]
    try:
        yield
    finally:
        logging.lastResort = before
        for handler in ours:
            come_back(handler)


def come_back(handler: LineHandler) -> None:
    """Put a handler of ours onto the root logger, unless the application writes to the same place itself."""
    root = logging.getLogger()
    handler.reopen()  # dictConfig closes whatever there is
    for logger in list(logging.root.manager.loggerDict.values()):  # and disables it
        if isinstance(logger, logging.Logger) and logger.name.partition(".")[0] == "pooljobs":
            logger.disabled = False
    for each in [each for each in root.handlers if _is_default(each)]:
        root.removeHandler(each)
        each.close()
    if not application_writes(handler):
        root.addHandler(handler)


def application_writes(handler: LineHandler) -> bool:
    """Whether a handler of the application's own writes where this one does, or to stdout or stderr."""
    places = {place for fd in (handler.fd, *_STANDARD) if (place := _place(fd)) is not None}
    others = (each for each in logging.getLogger().handlers if not isinstance(each, LineHandler))
    return any(_place_of(each) in places for each in others)


def _is_default(handler: logging.Handler) -> bool:
    """As ``basicConfig`` makes it that is told neither a format nor a place."""
    formatter = handler.formatter
    return (
        type(handler) is logging.StreamHandler
        and type(formatter) is logging.Formatter
        and (formatter._fmt, formatter.datefmt) == (logging.BASIC_FORMAT, None)  # noqa: SLF001  # nothing else tells
        and _place_of(handler) == _place(2)
    )


def _place_of(handler: logging.Handler) -> tuple[int, int] | None:
    """The file behind a handler that has a stream, or a console as rich's has."""
    with suppress(Exception):  # these may be anything
        stream = getattr(handler, "stream", None) or getattr(getattr(handler, "console", None), "file", None)
        return None if stream is None else _place(stream.fileno())
    return None


def _place(fd: int | None) -> tuple[int, int] | None:
    """Which terminal, pipe or file it is; None for none, and for /dev/null."""
    if fd is None:
        return None
    try:
        status, null = os.fstat(fd), Path(os.devnull).stat()
    except OSError:
        return None
    return None if os.path.samestat(status, null) else (status.st_dev, status.st_ino)
