"""A logger for a process that runs user code: nothing that is hung into logging there gets out of it.

A handler of the application's that raises, or a filter, or a record factory, would otherwise end whatever was told of:
a settlement would be made twice, a worker would leave.
"""

from __future__ import annotations

import logging
from typing import Any


class SafeLogger(logging.Logger):
    """Hands its records on to the logger of its name, whose level and filters hold. A line that raises is lost."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._named = logging.getLogger(name)

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802  # logging's name
        """Whether the logger of this name takes such records."""
        try:
            return self._named.isEnabledFor(level)
        except BaseException:  # noqa: BLE001  # a class of the application's may stand in its place
            return False

    def handle(self, record: logging.LogRecord) -> None:
        """Hand it on."""
        try:
            self._named.handle(record)
        except BaseException:  # noqa: BLE001  # see the module
            return

    def _log(self, *arguments: Any, **named: Any) -> None:
        named["stacklevel"] = named.get("stacklevel", 1) + 1
        try:
            super()._log(*arguments, **named)
        except BaseException:  # noqa: BLE001  # a record could not be made
            return
