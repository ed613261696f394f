"""What matches a job, and what is told of one that does not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import ANY
from uuid import UUID

import pytest

from pooljobs_testing.closest import missing, unwanted
from pooljobs_testing.partial_match import Expected
from pooljobs_testing.stored_job import StoredJob

AT = datetime(2030, 1, 1, tzinfo=UTC)
ID = UUID(int=7)


@dataclass
class Address:
    street: str
    zip_code: str = "1"


def job(payload: Any, **changes: Any) -> StoredJob:
    given: dict[str, Any] = {
        "id": ID,
        "job_type": "greet",
        "queue": "default",
        "payload": payload,
        "state": "pending",
        "priority": 0,
        "run_at": AT,
        "delay": timedelta(),
        "max_retries": 3,
        "trace_id": None,
        "attempts": 0,
        "tags": (),
        "meta": {},
    }
    return StoredJob(**{**given, **changes})


def expected(payload: Any = None, **options: Any) -> Expected:
    return Expected(job_types=("greet",), shown="greet", payload={} if payload is None else payload, options=options)


@pytest.mark.parametrize(
    ("said", "payload"),
    [
        ({}, {"name": "Ada", "times": 2}),
        ({"name": "Ada"}, {"name": "Ada", "times": 2}),
        ({"to": {"zip": "1"}}, {"to": {"street": "x", "zip": "1"}}),
        ({"all": [1, {"a": 1}]}, {"all": [1, {"a": 1, "b": 2}]}),
        ({"all": (1, 2)}, {"all": [1, 2]}),
        ({"id": ID}, {"id": str(ID)}),
        ({"at": AT}, {"at": "2030-01-01T00:00:00+00:00"}),
        ({"to": Address("x")}, {"to": {"street": "x", "zip_code": "1"}}),
        ({"id": ANY}, {"id": "whatever"}),
        ({"all": [ANY, 2]}, {"all": [1, 2]}),
        ({"share": pytest.approx(0.1)}, {"share": 0.1000000001}),
        (Address("x"), {"street": "x", "zip_code": "1"}),
        ([1, 2], [1, 2]),
        ({"none": None}, {"none": None}),
        (5, 5),
    ],
)
def test_it_matches_what_says_nothing_else(said: Any, payload: Any) -> None:
    assert expected(said).differences(job(payload)) == []


@pytest.mark.parametrize(
    ("said", "payload", "told"),
    [
        ({"name": "Bob"}, {"name": "Ada"}, "name 'Ada', not 'Bob'"),
        ({"name": "Ada"}, {}, "no name, for 'Ada'"),
        ({"none": None}, {}, "no none, for None"),
        ({"to": {"zip": "1"}}, {"to": {"zip": "2"}}, "to.zip '2', not '1'"),
        ({"all": [1]}, {"all": [1, 2]}, "all [1, 2], not [1]"),
        ({"all": [1, {"a": 1}]}, {"all": [1, {"a": 2}]}, "all[1].a 2, not 1"),
        ({"on": True}, {"on": 1}, "on 1, not True"),
        ({"count": 1}, {"count": True}, "count True, not 1"),
        ({"to": Address("x")}, {"to": {"street": "y", "zip_code": "1"}}, "to.street 'y', not 'x'"),
        ([1], {"a": 1}, "payload {'a': 1}, not [1]"),
        ({"a": 1}, [1], "payload [1], not {'a': 1}"),
    ],
)
def test_what_is_otherwise_is_told_by_its_path(said: Any, payload: Any, told: str) -> None:
    assert expected(said).differences(job(payload)) == [told]


@pytest.mark.parametrize(
    "options",
    [
        {"delay": 3600},
        {"delay": timedelta(hours=1)},
        {"delay": timedelta(hours=1, seconds=0.9)},
        {"run_at": AT + timedelta(seconds=0.5)},
        {"queue": "default", "priority": 0, "max_retries": 3, "trace_id": None},
    ],
)
def test_options_match_times_to_a_second(options: dict[str, Any]) -> None:
    assert expected(**options).matches(job({}, delay=timedelta(hours=1)))


@pytest.mark.parametrize(
    "options", [{"delay": 0}, {"run_at": AT + timedelta(seconds=2)}, {"queue": "other"}, {"trace_id": "x"}]
)
def test_options_that_differ(options: dict[str, Any]) -> None:
    (told,) = expected(**options).differences(job({}, delay=timedelta(hours=1)))
    assert told.startswith(next(iter(options)))


def test_a_job_of_an_alias_matches() -> None:
    assert Expected(job_types=("greet", "hello"), shown="greet").matches(job({}, job_type="hello"))
    assert not Expected(job_types=("greet",), shown="greet").matches(job({}, job_type="hello"))


def test_the_closest_is_listed_first() -> None:
    jobs = [
        job({"name": "x"}, job_type="other"),
        job({"name": "Bob", "times": 1}),
        job({"name": "Ada", "times": 1}, queue="emails"),
    ]
    told = missing(expected({"name": "Ada", "times": 2}), jobs).splitlines()
    listed = [line.split("(")[0].strip() for line in told if "(queue" in line]
    assert listed == ["greet {'name': 'Ada', 'times': 1}", "greet {'name': 'Bob', 'times': 1}", "other {'name': 'x'}"]
    assert "    times 1, not 2" in told


def test_one_that_has_run_is_told() -> None:
    told = missing(expected({"name": "Ada"}), [job({"name": "Ada"}, state="completed")])
    assert "there was one, which is completed by now" in told
    assert "nothing is enqueued" in told


def test_a_long_list_is_cut_and_a_long_payload_too() -> None:
    told = missing(expected({"name": "Ada"}), [job({"name": "x" * 1000})] * 12)
    assert told.count("greet {") == 10
    assert "and 2 more" in told
    assert max(map(len, told.splitlines())) < 1100


def test_what_should_not_be_there_is_listed() -> None:
    assert "greet {'name': 'Ada'}" in unwanted(expected({"name": "Ada"}), [job({"name": "Ada"})])
