"""A step that a worker was told to end in time goes to another one, and nothing is lost or counted by it."""

import threading
from datetime import timedelta

import pytest

from app.core.outcomes import Again, Done, Failed, Indeterminate, Waiting
from app.errors import Conflict
from app.models.tables import REQUEST
from tests.fixtures.house import House, http, item

ORDER = {"catalog_item": "single", "parameters": {"size": 3}}
STOPPED = Again("the worker was told to go")


def test_a_step_that_was_stopped_in_time_is_ready_for_another_worker(single: House) -> None:
    made = single.order(ORDER)
    single.record(single.must_claim("w1"), STOPPED)
    assert (single.statuses(), single.tickets()) == ({"make": "ready"}, [])
    assert single.request(made.request_id).status == "in_progress"
    claim = single.must_claim("w2")
    assert (claim.activity, claim.step.attempt, claim.step.claimed_by) == ("run", 2, "w2")


def test_it_rings_for_what_was_handed_back(single: House) -> None:
    single.order(ORDER)
    assert single.record(single.must_claim(), STOPPED) == 1


def test_the_other_worker_has_the_same_wish(single: House) -> None:
    single.order(ORDER)
    first = single.must_claim("w1")
    single.record(first, STOPPED)
    second = single.must_claim("w2")
    assert (second.idempotency_key, second.token != first.token) == (first.idempotency_key, True)


def test_handing_back_is_no_failed_attempt(house: House) -> None:
    house.offer(single=item(http("make", retry_policy="{max_attempts: 2, initial_delay: 1s}")))
    house.order("single")
    for _ in range(5):
        house.finish(STOPPED)
    house.finish(Failed("once"))
    assert (house.statuses(), house.tickets()) == ({"make": "waiting"}, [])
    assert house.step("make").losses == 0


def test_a_poll_that_says_it_may_be_run_again_is_run_again(single: House) -> None:
    single.order(ORDER)
    single.finish(Waiting({"run": 7}, timedelta(0)))
    single.finish(Again("it was ended before it built anything"))
    claim = single.must_claim()
    assert (claim.activity, claim.step.handle, claim.step.attempt) == ("run", {}, 2)


def test_people_read_why_it_was_handed_back(single: House) -> None:
    single.order(ORDER)
    single.finish(STOPPED)
    attempt = single.attempts("make")[0]
    assert (attempt.status, attempt.error["message"]) == ("failed", "the worker was told to go")
    assert single.events()[-1].payload == {"name": "make", "reason": "the worker was told to go"}


# Clicks and calls that come twice


def test_an_order_that_is_sent_twice_with_one_key_is_one_order(single: House) -> None:
    first, second = (single.order(ORDER, key="click-1") for _ in range(2))
    assert (first.request_id, len(single.rows(REQUEST.select()))) == (second.request_id, 1)


def test_an_order_that_is_sent_at_once_many_times_with_one_key_is_one_order(single: House) -> None:
    single.caller("sarah-123")
    made: list[str] = []
    threads = [threading.Thread(target=lambda: made.append(single.order(ORDER, key="click-1").request_id)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(made), len(set(made)), len(single.rows(REQUEST.select()))) == (8, 1, 1)


def test_of_many_who_cancel_and_retry_at_once_each_is_answered_and_the_rows_agree(pair: House) -> None:
    made = pair.order("pair").request_id
    pair.finish(Failed("no"))
    for who in ("sarah-123", "carol-789"):
        pair.caller(who)

    def press(what: str, who: str) -> None:
        try:
            pair.decide(what, made, *(["enough"] if what == "cancel" else []), who=who)
        except Conflict:
            return

    presses = [("cancel", "sarah-123"), ("retry", "carol-789"), ("resume", "sarah-123")] * 4
    threads = [threading.Thread(target=press, args=one) for one in presses]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = [event.number for event in pair.events()]
    assert numbers == list(range(1, len(numbers) + 1))
    while (claim := pair.claim()) is not None:
        pair.record(claim, Done())
    assert pair.request(made).status in ("cancelled", "completed", "awaiting_manual")


# Who only looks


@pytest.mark.parametrize("activity", ["poll", "probe"])
def test_a_look_that_was_told_to_go_says_nothing_and_is_taken_again(single: House, activity: str) -> None:
    single.order(ORDER)
    single.finish(Waiting({"run": 7}, timedelta(0)) if activity == "poll" else Indeterminate())
    claim, told = single.must_claim("w1"), len(single.events())
    assert claim.activity == activity
    assert single.record(claim, STOPPED, stopped=True) == 1
    again = single.must_claim("w2")
    assert (again.activity, again.step.attempt, again.step.handle) == (activity, 1, claim.step.handle)
    assert len(single.events()) == told
