"""``proof_app``, whose import waits while the file that GATE names is there: a worker that takes long to boot."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tests.support.proof_app import app

while Path(os.environ["GATE"]).exists():
    time.sleep(0.01)

__all__ = ["app"]
