"""``app``, as it is deployed on this host now: read anew by each worker that starts, as a deployment in place is."""

from __future__ import annotations

import os
from pathlib import Path

from .releases import RELEASE_FILE, Release, make_app

app = make_app(Release(Path(os.environ[RELEASE_FILE]).read_text()))
