from __future__ import annotations

import doctest
from typing import Any, get_args
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pooljobs.job.retry
from pooljobs import DeclarationError, RetryPolicy
from pooljobs.job.retry import LONGEST_BACKOFF_SECS, PolicyKind, next_delay

bases = st.floats(min_value=0.0, max_value=1e6, allow_subnormal=True)
policies = st.builds(RetryPolicy, st.sampled_from(["exponential", "fixed", "none"]), bases)
failures = st.integers(min_value=1, max_value=10**6)


def delay(kind: PolicyKind, base: float, n: int, job_id: UUID, max_retries: int = 10**9) -> float:
    found = next_delay(RetryPolicy(kind, base), n, max_retries, job_id)
    assert found is not None
    return found


def test_the_examples_in_its_docstring_hold() -> None:
    assert doctest.testmod(pooljobs.job.retry).failed == 0


@given(policies, failures, st.integers(min_value=1, max_value=10**6), st.uuids())
def test_max_retries_is_the_total_number_of_runs(policy: RetryPolicy, n: int, most: int, job_id: UUID) -> None:
    found = next_delay(policy, n, most, job_id)
    assert (found is None) == (n >= most or policy.kind == "none")


@given(bases, st.uuids())
def test_the_first_exponential_retry_comes_at_once(base: float, job_id: UUID) -> None:
    assert delay("exponential", base, 1, job_id) == 0.0


@given(st.floats(min_value=0.001, max_value=1e4), st.integers(min_value=2, max_value=12), st.uuids())
def test_the_backoff_quadruples_up_to_a_week_and_the_jitter_stays_under_the_base(
    base: float, n: int, job_id: UUID
) -> None:
    found = delay("exponential", base, n, job_id)
    plain = min(base * 4 ** (n - 2), LONGEST_BACKOFF_SECS)
    assert plain <= found <= plain + base


@given(bases.filter(bool), failures.filter(lambda n: n >= 2), st.uuids())
def test_no_number_of_failures_overflows(base: float, n: int, job_id: UUID) -> None:
    assert 0.0 < delay("exponential", base, n, job_id) <= LONGEST_BACKOFF_SECS + base


@given(bases, failures, st.uuids())
def test_fixed_waits_the_same_each_time(base: float, n: int, job_id: UUID) -> None:
    assert delay("fixed", base, n, job_id) == base


@given(bases.filter(bool), st.uuids())
def test_the_jitter_is_below_the_base_and_the_same_each_time(base: float, job_id: UUID) -> None:
    jitter = pooljobs.job.retry._jitter(base, job_id)
    assert 0.0 <= jitter < base
    assert jitter == pooljobs.job.retry._jitter(base, UUID(str(job_id)))


def test_the_jitter_is_uniform_over_ids_that_share_their_time() -> None:
    prefix = uuid4().int >> 64 << 64
    ids = [UUID(int=prefix | (uuid4().int & (2**64 - 1))) for _ in range(4000)]
    tenths = [int((delay("exponential", 1.0, 2, job_id) - 1.0) * 10) for job_id in ids]
    assert all(300 < tenths.count(tenth) < 500 for tenth in range(10))


@pytest.mark.parametrize("kind", get_args(PolicyKind))
def test_each_known_kind_is_taken_by_code_and_from_a_row(kind: PolicyKind) -> None:
    assert RetryPolicy(kind, 3) == RetryPolicy.stored(kind, 3)


@pytest.mark.parametrize("kind", ["linear", "", "NONE", None, 3])
def test_an_unknown_kind_is_refused_in_code_and_means_exponential_in_a_row(kind: Any) -> None:
    with pytest.raises(DeclarationError, match="there is no retry_policy") as raised:
        RetryPolicy(kind, 2.0)
    assert "'none'" in str(raised.value.hint)
    assert RetryPolicy.stored(kind, 2.0) == RetryPolicy("exponential", 2.0)


@pytest.mark.parametrize("secs", [-1.0, float("nan"), float("inf"), None])
def test_a_delay_in_a_row_that_is_none_is_the_default(secs: float | None) -> None:
    assert RetryPolicy.stored("fixed", secs) == RetryPolicy("fixed", 1.0)


def test_what_is_never_retried_has_one_run() -> None:
    assert [RetryPolicy(kind).most_runs(3) for kind in get_args(PolicyKind)] == [3, 3, 1]


@pytest.mark.parametrize("secs", [-1.0, float("nan"), float("inf"), True, "1"])
def test_a_delay_that_is_none_is_refused(secs: float) -> None:
    with pytest.raises(DeclarationError, match="retry_delay_secs"):
        RetryPolicy("fixed", secs)
