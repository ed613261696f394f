"""Errors by class: which end a job, which are retried, and how long to wait."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pooljobs.errors import DeclarationError, OptionError
from pooljobs.job.error_rules import Course, ErrorRules, leaves

CLASSES = [ValueError, UnicodeError, KeyError, LookupError, TimeoutError, KeyboardInterrupt]


@pytest.mark.parametrize(
    ("rules", "error", "course"),
    [
        (ErrorRules.of(), ValueError(), Course.RETRY),
        (ErrorRules.of(fail_on=ValueError), ValueError(), Course.FAIL),
        (ErrorRules.of(fail_on=ValueError), UnicodeError(), Course.FAIL),  # a subclass
        (ErrorRules.of(fail_on=UnicodeError), ValueError(), Course.RETRY),
        (ErrorRules.of(discard_on=[LookupError], fail_on=(KeyError,)), KeyError(), Course.DISCARD),
        (ErrorRules.of(retry_on=(TimeoutError,)), TimeoutError(), Course.RETRY),
        (ErrorRules.of(retry_on=(TimeoutError,)), ValueError(), Course.FAIL),
        (ErrorRules.of(retry_on=()), ValueError(), Course.FAIL),
        (ErrorRules.of(retry_on=(TimeoutError,), fail_on=TimeoutError), TimeoutError(), Course.FAIL),
        (ErrorRules.of(retry_on=(TimeoutError,)), ExceptionGroup("", [TimeoutError()]), Course.RETRY),
        (ErrorRules.of(fail_on=(KeyError,)), ExceptionGroup("", [ValueError(), KeyError()]), Course.FAIL),
    ],
)
def test_the_class_of_an_error_decides(rules: ErrorRules, error: BaseException, course: Course) -> None:
    assert rules.course(error) is course


@given(
    st.lists(st.sampled_from(CLASSES), max_size=3),
    st.lists(st.sampled_from(CLASSES), max_size=3),
    st.sampled_from(CLASSES),
)
def test_discarding_goes_before_failing_and_both_before_a_retry(
    discard: list[type[BaseException]], fail: list[type[BaseException]], raised: type[BaseException]
) -> None:
    course = ErrorRules.of(discard_on=discard, fail_on=fail).course(raised())
    if any(issubclass(raised, one) for one in discard):
        assert course is Course.DISCARD
    elif any(issubclass(raised, one) for one in fail):
        assert course is Course.FAIL
    else:
        assert course is Course.RETRY


@pytest.mark.parametrize("wrong", [ValueError("one"), "ValueError", (ValueError, "KeyError"), [int], None])
def test_what_is_no_class_of_exceptions_is_refused_at_the_declaration(wrong: object) -> None:
    with pytest.raises(DeclarationError, match="fail_on must name classes of exceptions"):
        ErrorRules.of(fail_on=wrong)  # type: ignore[arg-type]


def test_a_backoff_that_is_no_function_is_refused_at_the_declaration() -> None:
    with pytest.raises(DeclarationError, match=r"backoff must be a function of \(attempt, error\), not 5"):
        ErrorRules.of(backoff=5)


@pytest.mark.parametrize(("given_back", "seconds"), [(3, 3.0), (timedelta(minutes=1), 60.0), (None, None), (0, 0.0)])
def test_a_backoff_gives_seconds(given_back: object, seconds: float | None) -> None:
    rules = ErrorRules.of(backoff=lambda _attempt, _error: given_back)
    assert rules.delay(1, ValueError()) == seconds


@pytest.mark.parametrize("given_back", [-1, "soon", float("nan"), float("inf"), True])
def test_a_backoff_that_gives_no_duration_is_told_apart(given_back: object) -> None:
    with pytest.raises(OptionError, match=r"^backoff must be"):
        ErrorRules.of(backoff=lambda _attempt, _error: given_back).delay(1, ValueError())


def test_a_group_of_any_depth_is_looked_through() -> None:
    error: BaseException = KeyError("deep")
    for _ in range(20_000):
        error = BaseExceptionGroup("g", [error])
    assert [type(each) for each in leaves(error)] == [KeyError]
    while isinstance(error, BaseExceptionGroup):  # taken apart here: Python would do it by recursion
        (error,) = error.exceptions
