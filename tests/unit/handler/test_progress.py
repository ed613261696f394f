"""What a handler may say of how far it is; and that it may say so where nobody listens."""

from __future__ import annotations

import pickle
from contextvars import copy_context
from typing import Any
from uuid import UUID

import pytest

from pooljobs import JobContext, OptionError
from pooljobs.handler.progress import LONGEST_NOTE, checked_report
from pooljobs.job.secret_values import hide_values

BY_HAND = JobContext(UUID(int=1), "a", "default", 1, 3, tags=("x",), meta={"y": 1})


def test_numbers_are_taken_as_they_are_and_a_long_note_is_cut() -> None:
    assert checked_report(3, 10, "reading") == (3.0, 10.0, "reading")
    assert checked_report(0.5, None, None) == (0.5, None, None)
    report = checked_report(10**20, 0, "x" * 201)
    assert report.note == "x" * 199 + "…"
    assert len(report.note) == LONGEST_NOTE


@pytest.mark.parametrize("wrong", [-1, float("nan"), float("inf"), 10**400, "3", None, True])
def test_what_is_no_number_from_0_on_is_refused(wrong: Any) -> None:
    with pytest.raises(OptionError, match="progress: done must be a number"):
        BY_HAND.progress(wrong)
    if wrong is not None:
        with pytest.raises(OptionError, match="progress: total must be a number"):
            BY_HAND.progress(1, wrong)


def test_a_note_that_is_no_text_is_refused() -> None:
    with pytest.raises(OptionError, match="progress: note must be a string, not 7"):
        BY_HAND.progress(1, note=7)  # type: ignore[arg-type]


def test_a_note_can_be_stored_and_tells_no_secret() -> None:
    def told() -> str | None:
        hide_values({"password": "hunter22"}, frozenset({"password"}))
        return checked_report(1, None, "a\0\ud800 hunter22").note

    assert copy_context().run(told) == r"a\x00\ud800 ***"


def test_outside_a_worker_nothing_happens() -> None:
    BY_HAND.progress(1, 2, "by hand")


def test_tags_and_meta_go_along_and_do_not_hinder_anything() -> None:
    assert pickle.loads(pickle.dumps(BY_HAND)) == BY_HAND
    assert hash(BY_HAND) == hash(JobContext(UUID(int=1), "a", "default", 1, 3, tags=("x",)))
    plain = JobContext(UUID(int=1), "a", "default", 1, 3)
    assert (plain.tags, plain.meta) == ((), {})
