"""Tags and meta: what is taken, and what is refused with a word on what to do."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from pooljobs import OptionError
from pooljobs.application.task import new_job
from pooljobs.job.labels import LARGEST_META, encoded_meta
from pooljobs.job.new_job import NewJob
from pooljobs.job.options import EnqueueOptions

DEEP: list[Any] = []
for _ in range(sys.getrecursionlimit() * 2):
    DEEP = [DEEP]


def job(**options: Any) -> NewJob:
    return new_job("a", b"{}", EnqueueOptions(**options), queue="default", max_retries=3)


@pytest.mark.parametrize("tags", [["b", "a", "b"], ("b", "a"), {"b": 1, "a": 2}.keys(), iter(["b", "a"])])
def test_tags_are_kept_in_their_order_each_once(tags: Any) -> None:
    assert job(tags=tags).tags == ("b", "a")


def test_nothing_said_is_nothing_stored() -> None:
    assert (job().tags, job().meta) == ((), None)
    assert (job(tags=[], meta={}).tags, job(tags=[], meta={}).meta) == ((), None)


@pytest.mark.parametrize(
    ("tags", "said", "cure"),
    [
        ("import", "tags must be a sequence of strings, not 'import'", 'tags=["import"]'),
        (7, "tags must be a sequence of strings, not 7", "tags="),
        ({"a": 1}, "tags must be a sequence", "tags="),
        (["a", 7], "a tag must be a non-empty string, not 7", ""),
        ([""], "a tag must be a non-empty string, not ''", ""),
        (["x" * 65], "a tag has at most 64 characters", "meta"),
        ([str(n) for n in range(17)], "a job has at most 16 tags, not 17", "meta"),
        (["a\0"], "a character that PostgreSQL cannot store", ""),
        (["\ud800"], "a character that PostgreSQL cannot store", ""),
    ],
)
def test_tags_that_are_none_are_refused(tags: Any, said: str, cure: str) -> None:
    with pytest.raises(OptionError) as refused:
        EnqueueOptions(tags=tags)
    assert said in str(refused.value)
    assert cure in (refused.value.hint or "")


@pytest.mark.parametrize("meta", [{"a": {1: 2}}, {"a": [{"b": {None: 1, True: 2}}]}, {"a": ({"1": 1, 1: 2},)}])
def test_a_name_that_json_would_write_as_another_is_refused_at_any_depth(meta: Any) -> None:
    with pytest.raises(OptionError, match=r"meta\['a'\]: a name must be a string, not"):
        EnqueueOptions(meta=meta)


def test_what_is_just_short_enough_is_taken() -> None:
    assert len(job(tags=["é" * 64, *map(str, range(15))]).tags) == 16
    room = LARGEST_META - len('{"a": ""}')
    assert len(job(meta={"a": "x" * room}).meta or b"") == LARGEST_META
    with pytest.raises(OptionError, match=r"meta has at most 4,096 bytes of JSON, not 4,097"):
        job(meta={"a": "x" * (room + 1)})


@pytest.mark.parametrize(
    ("meta", "said", "cure"),
    [
        ("customer", "meta must be a mapping of names to JSON values, not 'customer'", "meta={"),
        ([("a", 1)], "meta must be a mapping", "meta={"),
        ({7: "a"}, "meta: a name must be a string, not 7", ""),
        ({"a": 1, "b": object()}, "meta['b'] is not JSON", "can be stored"),
        ({"a": float("nan")}, "meta['a'] is not JSON", "can be stored"),
        ({"a": "\0"}, "meta['a'] contains a NUL", ""),
        ({"a\0": 1}, "contains a NUL", ""),
        ({"a": "\ud800"}, "meta['a'] is not JSON", "can be stored"),
        ({"a": DEEP}, "meta['a'] is not JSON", "can be stored"),
        ({"a": "x", "b": "y" * 5000}, "meta has at most 4,096 bytes of JSON", "'b' takes most of it"),
    ],
)
def test_meta_that_is_none_is_refused(meta: Any, said: str, cure: str) -> None:
    with pytest.raises(OptionError) as refused:
        EnqueueOptions(meta=meta)
    assert said in str(refused.value)
    assert cure in (refused.value.hint or "")


def test_what_only_looks_like_a_nul_is_taken() -> None:
    meta = {"a": "\\u0000", "b": "\\\\u0000"}
    assert json.loads(encoded_meta(meta) or b"") == meta


def test_what_was_changed_since_is_looked_at_again() -> None:
    meta: dict[str, Any] = {"a": 1}
    options = EnqueueOptions(meta=meta)
    meta["a"] = "x" * 5000
    with pytest.raises(OptionError, match="meta has at most"):
        new_job("a", b"{}", options, queue="default", max_retries=3)
