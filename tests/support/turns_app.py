"""``bench.noop`` in workers that count how often their loop comes round, and print it when they leave."""

from __future__ import annotations

import sys
from typing import Any

from bench.noop import app

from pooljobs_worker.worker_loop import WorkerLoop

_turn = WorkerLoop._turn
turns = [0]


def counted(loop: WorkerLoop) -> Any:
    """As before."""
    turns[0] += 1
    return _turn(loop)


WorkerLoop._turn = counted  # type: ignore[method-assign, assignment]


@app.on_worker_stop
def tell() -> None:
    """One line."""
    print(f"turns: {turns[0]}", file=sys.stderr, flush=True)
