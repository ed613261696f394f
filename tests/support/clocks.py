"""Wall clocks that are off: of a whole process, C code and all, by a small library that is compiled and preloaded."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent / "shifted_clock.c"
HOUR = 3600


def compiled_in(place: Path) -> Path:
    """The library, made there; the test is skipped where that cannot be."""
    if sys.platform != "linux":
        pytest.skip("preloading a library is Linux' way")
    if shutil.which("cc") is None:
        pytest.skip("needs a C compiler: apt-get install gcc libc6-dev")
    made = place / "shifted_clock.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", made, SOURCE], check=True)
    return made


def shifted(library: Path, seconds: int) -> Mapping[str, str]:
    """The environment of a host whose clock is off."""
    return {"LD_PRELOAD": str(library), "POOLJOBS_TEST_SHIFT": str(seconds)}
