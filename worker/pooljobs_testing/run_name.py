"""The name of the run of tests that this process began. Apart, since the plugin asks for it in any project."""

from __future__ import annotations

import os
from functools import cache


@cache
def run_name() -> str:
    """The same at each call: this process's pid, so that what it leaves is known for dead, and something of chance."""
    return f"{os.getpid()}-{os.urandom(4).hex()}"
