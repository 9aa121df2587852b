"""When a failed step is tried again: one pure decision."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

# A server that asks for more patience than this is asked again after this.
LONGEST_PATIENCE = timedelta(hours=1)
MOST_DOUBLINGS = 30


def decide(
    policy: Mapping[str, Any],
    attempt_in_group: int,
    retryable: bool,
    retry_after: timedelta | None,
    now: datetime,
    roll: float,
) -> datetime | None:
    """When to try again, or None to give up.

    policy: `{max_attempts, backoff_strategy, initial_delay, max_delay}`, delays in seconds; without `max_attempts` there is
    one attempt. attempt_in_group: how many attempts there were since the step was last started anew, from 1. roll: chance,
    in [0, 1): the delay is anything up to the backoff's (full jitter,
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/). retry_after: what the other side asked for;
    it is waited for at least, up to an hour.
    """
    if not retryable or attempt_in_group >= policy.get("max_attempts", 1):
        return None
    patience = min(retry_after or timedelta(0), LONGEST_PATIENCE)
    return now + max(roll * _backoff(policy, attempt_in_group), patience)


def _backoff(policy: Mapping[str, Any], attempt_in_group: int) -> timedelta:
    """The longest pause after this attempt."""
    fixed = policy.get("backoff_strategy") == "fixed"
    doublings = 0 if fixed else min(attempt_in_group - 1, MOST_DOUBLINGS)
    seconds = policy.get("initial_delay", 5) * 2**doublings
    return timedelta(seconds=min(seconds, policy.get("max_delay", 300)))
