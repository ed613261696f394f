"""The last line of a terminal, rewritten in place. Used by ``drain_display.py``.

Other processes write to the same terminal, and know nothing of this line. So the cursor is left at its beginning:
what is written next lies over it, and a line of our log also wipes away the rest (``pooljobs.logs.line_handler``).
"""

from __future__ import annotations

import contextlib
import os
import select

_WIPE = "\r\x1b[K"
_USUAL_WIDTH = 80


class StatusLine:
    """A line on the terminal behind ``fd``. Nothing here waits, and no error gets out: the terminal may be gone."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._shown = False

    @property
    def ours(self) -> bool:
        """Whether this process is in the terminal's foreground: else a shell or an editor writes there now."""
        try:
            return os.tcgetpgrp(self._fd) == os.getpgrp()
        except OSError:
            return False

    @property
    def width(self) -> int:
        """Columns of the terminal now."""
        try:
            return os.get_terminal_size(self._fd).columns or _USUAL_WIDTH
        except OSError:
            return _USUAL_WIDTH

    def show(self, text: str) -> None:
        """Put ``text`` in the place of what is shown; it must be shorter than the terminal is wide."""
        self._shown = self._write(f"{_WIPE}{text}\r") or self._shown

    def wipe(self) -> None:
        """Show nothing any more."""
        if self._shown and self._write(_WIPE):
            self._shown = False

    def _write(self, text: str) -> bool:
        """Write, unless that would have to wait: the terminal may be stopped (Ctrl-S)."""
        with contextlib.suppress(OSError):
            if select.select([], [self._fd], [], 0)[1]:
                return os.write(self._fd, text.encode()) > 0
        return False
