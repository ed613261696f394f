"""The application of ``bench.scale``: a handler that does nothing but compute."""

from __future__ import annotations

import hashlib

from pooljobs import PoolJobs

app = PoolJobs()

ROUNDS = 20_000
"""Of a hash over its own digest: about 10 ms of one processor, in many small steps of the interpreter."""


@app.job
def busy(n: int) -> None:
    """Keeps one processor busy."""
    digest = n.to_bytes(8, "big")
    for _ in range(ROUNDS):
        digest = hashlib.blake2s(digest).digest()
