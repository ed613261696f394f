"""Hooks that are called when a worker leaves."""

from __future__ import annotations

import pytest

from pooljobs import PoolJobs
from pooljobs.logs.safe_logger import SafeLogger
from pooljobs_worker.main import tell_stop


def test_a_hook_that_would_end_the_process_keeps_no_other_from_being_called(caplog: pytest.LogCaptureFixture) -> None:
    app, told = PoolJobs(), list[str]()

    @app.on_worker_stop
    def leave() -> None:
        raise SystemExit(5)

    app.on_worker_stop(lambda: told.append("stop"))
    tell_stop(app, SafeLogger("test"))
    assert told == ["stop"]
    assert "leave failed" in caplog.text
