"""Claiming: one worker a step, in order, with its intent committed before anything is called."""

import threading
from datetime import timedelta

from sqlalchemy import update

from app.core.outcomes import Done, Waiting
from app.lifecycle.engine import claims
from app.models.tables import STEP
from tests.fixtures.house import House


def test_a_claim_runs_the_step_and_writes_the_intent(pair: House) -> None:
    made = pair.order("pair")
    claim = pair.must_claim("w1")
    step, attempt = pair.step("left"), pair.attempts("left")[0]
    assert (step.status, step.attempt, step.claimed_by, step.lease_token) == ("running", 1, "w1", claim.token)
    assert (attempt.status, attempt.idempotency_key, attempt.lease_token) == ("running", f"{step.id}:1", claim.token)
    assert pair.request(made.request_id).status == "in_progress"


def test_nothing_ready_is_nothing_to_claim(pair: House) -> None:
    assert pair.claim() is None


def test_a_step_is_claimed_once_however_many_try(single: House) -> None:
    single.order({"catalog_item": "single", "parameters": {"size": 1}})
    won: list[object] = []
    threads = [threading.Thread(target=lambda: won.append(single.claim())) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(claim is not None for claim in won) == 1
    assert len(single.attempts("make")) == 1


def test_older_requests_are_served_first(single: House) -> None:
    first = single.order({"catalog_item": "single", "parameters": {"size": 1}})
    single.order({"catalog_item": "single", "parameters": {"size": 2}})
    assert single.must_claim().request_id == first.request_id


def test_a_due_poll_is_claimed_without_a_new_attempt_or_event(single: House) -> None:
    single.order({"catalog_item": "single", "parameters": {"size": 1}})
    single.finish(Waiting({"run": 7}, timedelta(0)))
    told = len(single.events())
    claim = single.must_claim()
    assert (claim.activity, claim.step.handle, claim.step.attempt) == ("poll", {"run": 7}, 1)
    assert len(single.attempts("make")) == 1
    assert len(single.events()) == told


def test_a_wait_that_is_not_due_costs_nothing(single: House) -> None:
    single.order({"catalog_item": "single", "parameters": {"size": 1}})
    single.finish(Waiting({}, timedelta(hours=1)))
    assert single.claim() is None


def test_a_heartbeat_extends_only_leases_that_are_ours(pair: House) -> None:
    pair.order("pair")
    mine, gone = pair.must_claim(lease=1), pair.must_claim(lease=1)
    pair.record(gone, Done())
    with pair.engine.begin() as connection:
        assert claims.extend(connection, [mine.token, gone.token], timedelta(hours=1)) == {mine.token: False}
    assert pair.step("left").lease_until > mine.step.lease_until + timedelta(minutes=50)


def test_a_step_whose_request_is_held_is_skipped(pair: House) -> None:
    pair.order("pair")
    with pair.engine.begin() as holder:
        holder.execute(update(STEP).where(STEP.c.step_name == "left").values(priority=1))
        holder.exec_driver_sql("SELECT 1 FROM service_requests FOR UPDATE")
        assert pair.claim() is None
