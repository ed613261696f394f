"""What a declaration of unique jobs may say, and what stands for their keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from pooljobs import Debounce, DeclarationError, JobContext, OptionError, PoolJobs, Unique
from pooljobs.job.handle import JobHandles
from pooljobs.job.jsonb_text import jsonb_text, parsed
from pooljobs.job.unique_rule import UniqueRule


@dataclass
class Order:
    number: int


def declared(unique: Any = False, debounce: Any = None, **options: Any) -> UniqueRule | None:
    app = PoolJobs()

    @app.job(unique=unique, debounce=debounce, **options)
    def report(customer: int, *, lines: list[str] | None = None, token: str = "") -> None: ...

    return report.unique


def test_a_job_is_not_unique_unless_it_is_said() -> None:
    assert declared() is None


def test_true_means_the_whole_payload_until_the_end() -> None:
    assert declared(unique=True) == UniqueRule(None, until_start=False, within=None, on_conflict="skip")


def test_what_is_declared_is_what_the_database_is_told() -> None:
    rule = declared(Unique(by=["customer"], until="start", within=timedelta(minutes=1), on_conflict="replace"))
    assert rule == UniqueRule(("customer",), until_start=True, within=60.0, on_conflict="replace")
    assert rule.published() == '{"by": ["customer"], "until": "start", "within": 60.0, "on_conflict": "replace"}'


def test_a_debounced_job_is_replaced_until_it_starts() -> None:
    rule = declared(debounce=Debounce(by=("customer",), wait=2, most=9))
    assert rule == UniqueRule(("customer",), until_start=True, on_conflict="replace", wait=2.0, most=9.0)


@pytest.mark.parametrize(
    ("unique", "says"),
    [
        (Unique(by=("costumer",)), "report: unique: by names costumer, which is no field of it"),
        (Unique(by="customer"), r"report: unique: by must be a tuple of field names, not 'customer'"),
        (Unique(by=()), "report: unique: by must be a tuple of field names"),
        (Unique(until="begin"), "report: unique: until must be 'end' or 'start', not 'begin'"),  # type: ignore[arg-type]
        (Unique(on_conflict="drop"), "report: unique: on_conflict must be"),  # type: ignore[arg-type]
        (Unique(within=-1), "report: unique: within must be between 0 seconds and a century"),
        (Unique(within="1h"), "report: unique: within must be a number of seconds"),  # type: ignore[arg-type]
        ("customer", r"report: unique must be True or a Unique\(…\), not 'customer'"),
        (None, "report: unique must be True or"),
    ],
)
def test_a_wrong_declaration_is_refused_at_the_import(unique: Any, says: str) -> None:
    with pytest.raises(DeclarationError, match=says):
        declared(unique)


@pytest.mark.parametrize(
    ("debounce", "says"),
    [
        (Debounce(by=("nothing",)), "report: debounce: by names nothing"),
        (Debounce(wait=9, most=2), "report: debounce: wait is a number of seconds, and most is not less"),
        (Debounce(wait=None), "debounce: wait is a number"),  # type: ignore[arg-type]
        (Debounce(most="x"), "report: debounce: most must be a number of seconds"),  # type: ignore[arg-type]
        (5, r"report: debounce must be a Debounce\(…\), not 5"),
    ],
)
def test_a_wrong_debounce_is_refused_at_the_import(debounce: Any, says: str) -> None:
    with pytest.raises(DeclarationError, match=says):
        declared(debounce=debounce)


def test_unique_and_debounce_exclude_each_other() -> None:
    with pytest.raises(DeclarationError, match="exclude each other"):
        declared(unique=True, debounce=Debounce())


def test_a_missing_field_is_told_with_those_that_there_are() -> None:
    with pytest.raises(DeclarationError) as raised:
        declared(Unique(by=("id",)))
    assert raised.value.hint == "its payload has: customer, lines, token"


def test_what_is_injected_is_no_field() -> None:
    app = PoolJobs()
    with pytest.raises(DeclarationError, match="by names ctx"):

        @app.job(unique=Unique(by=("ctx",)))
        def report(ctx: JobContext, customer: int) -> None: ...


def test_fields_of_a_payload_taken_whole_are_its_classes() -> None:
    app = PoolJobs()

    @app.job(unique=Unique(by=("number",)))
    def ship(order: Order) -> None: ...

    with pytest.raises(DeclarationError, match="by names id"):

        @app.job(unique=Unique(by=("id",)))
        def bill(order: Order) -> None: ...


def test_a_handler_of_any_fields_may_be_unique_by_any() -> None:
    app = PoolJobs()

    @app.job(unique=Unique(by=("whatever",)))
    def take(**fields: int) -> None: ...

    assert take.unique is not None


def test_options_give_a_key_to_any_job_and_another_word_for_conflicts() -> None:
    app = PoolJobs()

    @app.job
    def plain(n: int) -> None: ...

    @app.job(unique=Unique(by=("n",), until="start"))
    def one(n: int) -> None: ...

    keyed = plain.options(unique_key="k").prepare({"n": 1})
    assert keyed.unique == UniqueRule(key="k")
    assert one.options(on_conflict="raise").prepare({"n": 1}).unique == UniqueRule(
        ("n",), until_start=True, on_conflict="raise"
    )
    with pytest.raises(OptionError, match="plain: on_conflict is for unique jobs"):
        plain.options(on_conflict="raise")
    with pytest.raises(OptionError, match="on_conflict must be one of"):
        one.options(on_conflict="drop")  # type: ignore[arg-type]
    for key in ("", 7, "a\0b"):
        with pytest.raises(OptionError, match="unique_key"):
            plain.options(unique_key=key)  # type: ignore[arg-type]


def test_a_debounced_job_waits_unless_its_enqueue_says_when() -> None:
    app = PoolJobs()

    @app.job(debounce=Debounce(wait=7))
    def index(n: int) -> None: ...

    assert index.prepare({"n": 1}).delay_secs == 7.0
    assert index.options(delay=1).prepare({"n": 1}).delay_secs == 1.0


def test_equal_payloads_have_one_key_however_they_are_written() -> None:
    rule = UniqueRule()
    assert rule.digest("a", b'{"x":1,"y":[2]}') == rule.digest("a", b'{ "y": [2], "x": 1 }')
    different = [b"{}", b'{"x":1}', b'{"x":"1"}', b'{"x":[1]}', b'{"x":null}', b"[]", b"null", b'{"x":true}']
    keys = {rule.digest("a", payload) for payload in different} | {rule.digest("b", b"{}")}
    keys |= {UniqueRule(key="{}").digest("a", b"{}"), UniqueRule(("x",)).digest("a", b'{"x":1}')}
    assert len(keys) == len(different) + 3


def test_a_key_of_fields_leaves_out_the_others_and_their_order() -> None:
    rule = UniqueRule(("x", "y"))
    assert rule.digest("a", b'{"x":1,"y":2,"z":3}') == UniqueRule(("y", "x")).digest("a", b'{"y":2,"x":1}')
    assert rule.digest("a", b'{"x":1}') == rule.digest("a", b'{"x":1,"y":null}')
    assert rule.digest("a", b"7") == rule.digest("a", b"{}")


def test_nothing_of_a_secret_stands_in_its_key() -> None:
    key = UniqueRule(("token",)).digest("a", b'{"token": "hunter2"}')
    assert len(key) == 32
    assert b"hunter2" not in key


@pytest.mark.parametrize(
    ("document", "text"),
    [
        (b'{"bb":1,"a":[true,null,-0]}', '{"a": [true, null, 0], "bb": 1}'),
        (b"1e22", "1" + "0" * 22),
        (b"1.50", "1.50"),
        (b"-0.0", "0.0"),
        (b"9" * 30, "9" * 30),
        ('"é\\u0007\\"\\\\"'.encode(), '"é\\u0007\\"\\\\"'),
    ],
)
def test_documents_are_written_as_postgresql_does(document: bytes, text: str) -> None:
    assert jsonb_text(parsed(document)) == text


def test_handles_of_many_know_their_outcomes() -> None:
    handles = JobHandles([uuid4() for _ in range(3)], "a", "q", letters="nkr")
    assert handles.outcomes == ["new", "kept", "replaced"]
    assert [handle.outcome for handle in handles[1:]] == ["kept", "replaced"]
    assert JobHandles([uuid4()], "a", "q").outcomes == ["new"]
