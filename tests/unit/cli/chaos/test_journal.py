from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from pooljobs import JobContext
from pooljobs.handler.completion import Completion
from pooljobs_cli.chaos.application.journal import (
    FOLDER,
    INCARNATION,
    JournalRun,
    open_journal,
    own_code,
    read,
    read_all,
    writers,
)
from pooljobs_cli.chaos.chaos_schema import claims_ns, in_doubt

ROOT = Path(__file__).parents[4]
ID = uuid4()
CODE = "/somewhere else/pooljobs"


def context(fence: int = 2, token: int = 9) -> JobContext:
    completion = Completion(b"", job_id=ID, fence=fence, token=token, started_ns=0)
    return JobContext(ID, "quick", "default", 1, 3, completion=completion)


def test_what_is_written_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path))
    monkeypatch.setenv(INCARNATION, "3")
    opened = open_journal()
    journal = next(opened)
    with journal.run(context()):
        pass
    with pytest.raises(SystemExit), journal.run(context(fence=3)):
        raise SystemExit
    list(opened)
    first, second = read_all(tmp_path)
    assert (first.job_id, first.fence, first.token, first.incarnation) == (ID, 2, 9, 3)
    assert first.code == own_code() == str(ROOT / "shared" / "pooljobs")
    assert (first.outcome, second.outcome, second.fence) == ("returned", "raised", 3)
    assert first.ended_ns is not None
    assert first.began_ns <= first.ended_ns <= second.began_ns
    assert writers(tmp_path, 3) == {first.pid}
    assert writers(tmp_path, 4) == set()


def test_a_run_that_was_cut_short_has_no_end() -> None:
    (run,) = read(iter([f"{CODE}\n", f"B {ID} 1 5 1 100\n", f"E {ID} 1 5 retur"]), 0, 7)
    assert run == JournalRun(ID, 1, token=5, attempt=1, incarnation=0, pid=7, code=CODE, began_ns=100)


def test_a_claim_that_ran_twice_is_told_twice() -> None:
    code, begin, end = f"{CODE}\n", f"B {ID} 1 5 1 100\n", f"E {ID} 1 5 returned 110\n"
    assert len(list(read(iter([code, begin, end, begin, end]), 0, 7))) == 2
    assert len(list(read(iter([code, begin, begin]), 0, 7))) == 2


def test_a_claim_counts_from_the_first_run_of_its_batch() -> None:
    runs = [
        JournalRun(uuid4(), 1, token=5, attempt=1, incarnation=0, pid=7, code=CODE, began_ns=300),
        JournalRun(uuid4(), 1, token=5, attempt=1, incarnation=0, pid=7, code=CODE, began_ns=200),
        JournalRun(uuid4(), 1, token=6, attempt=1, incarnation=0, pid=8, code=CODE, began_ns=400),
    ]
    assert claims_ns(runs) == {5: 200, 6: 400}


def test_only_claims_shortly_before_a_crash_are_in_doubt() -> None:
    crash = (10_000_000_000, 11_000_000_000)
    assert in_doubt(9_000_000_000, [crash])
    assert not in_doubt(7_000_000_000, [crash])
    assert not in_doubt(11_500_000_000, [crash])
    assert not in_doubt(9_000_000_000, [])
