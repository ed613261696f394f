"""A fleet that cannot start says so once and ends with the exit code that tells why."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.process.fleet import Fleet, lives


@pytest.mark.parametrize("who", ["worker 1", "steward"])
@pytest.mark.parametrize(
    ("boot", "code", "said"),
    [
        ("3", 3, "exit code 3): giving up (APP)"),
        ("1", 11, "exit code 1): giving up (WORKER_BOOT)"),
        ("0", 11, "exit code 0): giving up (WORKER_BOOT)"),
        ("raise", 11, "RuntimeError: toy trouble"),
        ("refuse", 6, "ERROR no schema here (run pooljobs migrate)"),
        ("kill", 11, "killed by SIGKILL): giving up (WORKER_BOOT)"),
    ],
)
def test_a_child_that_never_boots_ends_it(tmp_path: Path, boot: str, code: int, said: str, who: str) -> None:
    gate = who == "steward"  # else worker 1 may be READY first, and the fleet goes on, rightly
    with Fleet(tmp_path, boot=boot, boot_fails=who, gate=gate) as fleet:
        assert fleet.exit_code() == code
        assert said in fleet.log
        assert fleet.log.count("never came up") == 1
        assert fleet.events("booting", who="worker 2") == []
        assert len(fleet.events("booting", who=who)) == 1
        assert not any(lives(pid) for pid in fleet.children())
        assert fleet.result()["left"] == {}
