"""``make audit`` looks at what every extra for users brings."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
FOR_US = {"dev", "bench"}


def test_every_extra_for_users_is_audited() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    audited = re.search(r"\$\(AUDIT\)/deps/bin/python .*'\.\[(.*)\]'", (ROOT / "Makefile").read_text())
    assert audited is not None
    assert set(audited[1].split(",")) == set(extras) - FOR_US
