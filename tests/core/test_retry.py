from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.retry import LONGEST_PATIENCE, decide

NOW = datetime(2025, 8, 16, 10, 30, tzinfo=UTC)
FIXED = {"max_attempts": 3, "backoff_strategy": "fixed", "initial_delay": 10.0, "max_delay": 300.0}
EXPONENTIAL = {"max_attempts": 20, "backoff_strategy": "exponential", "initial_delay": 5.0, "max_delay": 60.0}


def seconds(policy, attempt, roll, retry_after=None):
    again = decide(policy, attempt, True, retry_after, NOW, roll)
    return (again - NOW).total_seconds()


def test_without_a_policy_there_is_one_attempt():
    assert decide({}, 1, True, None, NOW, 0.5) is None


@pytest.mark.parametrize(("attempt", "again"), [(1, True), (2, True), (3, False), (4, False)])
def test_attempts_are_counted_with_the_first(attempt, again):
    assert (decide(FIXED, attempt, True, None, NOW, 0.5) is not None) is again


def test_what_is_not_retryable_is_given_up_at_once():
    assert decide(FIXED, 1, False, None, NOW, 0.5) is None


@pytest.mark.parametrize(("roll", "delay"), [(0.0, 0), (0.5, 5), (0.9, 9)])
def test_jitter_is_full(roll, delay):
    assert seconds(FIXED, 2, roll) == delay


@pytest.mark.parametrize(("attempt", "delay"), [(1, 2.5), (2, 5), (3, 10), (4, 20), (5, 30), (19, 30)])
def test_an_exponential_pause_doubles_up_to_its_maximum(attempt, delay):
    assert seconds(EXPONENTIAL, attempt, 0.5) == delay


def test_the_other_side_is_given_the_time_it_asks_for():
    assert seconds(FIXED, 1, 0.5, timedelta(seconds=90)) == 90


def test_but_not_more_than_an_hour():
    assert seconds(FIXED, 1, 0.5, timedelta(days=2)) == LONGEST_PATIENCE.total_seconds()


@given(st.integers(1, 10**9), st.floats(0, 1, exclude_max=True), st.floats(0, 10**6), st.floats(0, 10**6))
def test_a_pause_is_never_longer_than_the_maximum(attempt, roll, initial, most):
    policy = {"max_attempts": 10**10, "initial_delay": initial, "max_delay": most}
    again = decide(policy, attempt, True, None, NOW, roll)
    assert NOW <= again <= NOW + timedelta(seconds=most)
