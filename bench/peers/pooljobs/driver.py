"""Drives pooljobs with plain handlers: see peer.toml."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))  # what the drivers share

from as_a_peer import PoolJobsPeer
from jobs import app
from on_postgresql import drive

if __name__ == "__main__":
    drive(PoolJobsPeer(app))
