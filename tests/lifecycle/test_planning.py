"""The plan of what a retry would change: made beside the failed step, which stays as it is whatever becomes of the plan."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from app.core.outcomes import Again, Done, Failed, Indeterminate, Outcome
from app.core.statuses import Activity
from app.errors import Conflict, NotFound, StratusError
from app.lifecycle.engine import claims, planning
from app.lifecycle.engine.planning import SeenPlan
from app.models.tables import PLAN, REQUEST, STEP
from tests.fixtures.house import House, http, item, terraform

FOUND = {"changes": [{"resource": "a.b", "action": "create", "attributes": []}], "counts": {"create": 1}, "left_out": 0}
MADE = Done(evidence=FOUND)


@pytest.fixture
def failed(house: House) -> House:
    """`call` is done, `build` (Terraform) has failed and asks a person, `last` waits."""
    steps = [http("call"), terraform("build", depends_on="[call]"), http("last", depends_on="[build]")]
    house.offer(built=item("\n".join(steps)))
    house.order("built")
    house.finish(Done())
    house.finish(Failed("no room"))
    return house


def ask(house: House, step_id: str = "step-002", who: str = "sarah-123") -> None:
    caller = house.caller(who)
    with house.unit() as unit:
        planning.ask(unit, caller, only(house), step_id)


def look(house: House, step_id: str = "step-002", who: str = "sarah-123") -> SeenPlan:
    with house.unit() as unit:
        return planning.look(unit.connection, house.caller(who).person, only(house), step_id)


def only(house: House) -> str:
    return str(house.rows(REQUEST.select())[0].request_id)


def plan(house: House) -> Any:
    return house.rows(PLAN.select())[0]


def everything_else(house: House) -> Any:
    """Steps, tickets and attempts, and how the request stands."""
    steps, tickets, attempts = house.rows(STEP.select().order_by(STEP.c.position)), house.tickets(), house.attempts("build")
    return steps, tickets, attempts, house.request(only(house)).status


def test_a_plan_is_made_beside_the_failed_step(failed: House) -> None:
    before = everything_else(failed)
    ask(failed)
    claim = failed.must_claim()
    assert (claim.activity, plan(failed).status, everything_else(failed)) == (Activity.PLAN, "running", before)
    failed.record(claim, MADE)
    assert (plan(failed).status, plan(failed).found, plan(failed).lease_token) == ("made", FOUND, None)
    assert everything_else(failed) == before


def test_people_hear_that_a_plan_comes_and_is_there(failed: House) -> None:
    ask(failed)
    failed.finish(MADE)
    assert [one.kind for one in failed.events()][-3:] == ["plan.asked", "plan.running", "plan.made"]


def test_asking_twice_makes_one_plan(failed: House) -> None:
    ask(failed)
    ask(failed, who="carol-789")
    failed.must_claim()
    ask(failed)
    assert failed.claim() is None
    assert [one.kind for one in failed.events()].count("plan.asked") == 1


def test_a_plan_can_be_made_anew(failed: House) -> None:
    for _ in range(2):
        ask(failed)
        failed.finish(MADE)
    ask(failed)
    assert (plan(failed).status, plan(failed).found) == ("asked", None)


@pytest.mark.parametrize("outcome", [Failed("no such region", kind="terraform_error"), Indeterminate({"what": "a bug"})])
def test_a_plan_that_cannot_be_made_says_why(failed: House, outcome: Outcome) -> None:
    ask(failed)
    failed.finish(outcome)
    assert (plan(failed).status, plan(failed).found) == ("failed", None)
    assert plan(failed).error["message"] in ("no such region", "The plan could not be made.")
    assert failed.step("build").status == "failed"


def test_a_plan_whose_worker_is_told_to_go_is_made_by_the_next_one(failed: House) -> None:
    ask(failed)
    assert failed.record(failed.must_claim(), Again("it was stopped"), stopped=True) == 1
    failed.finish(MADE)
    assert plan(failed).status == "made"


def test_a_plan_whose_worker_died_is_not_there_and_can_be_asked_for_again(failed: House) -> None:
    before = everything_else(failed)
    ask(failed)
    late = failed.must_claim(lease=-1)
    assert failed.sweep().lost == 1
    assert (plan(failed).status, everything_else(failed)) == ("lost", before)
    assert failed.record(late, MADE) is None
    ask(failed)
    assert failed.record(late, MADE) is None
    failed.finish(MADE)
    assert (plan(failed).status, everything_else(failed)) == ("made", before)


def test_a_heartbeat_keeps_the_lease_of_a_plan(failed: House) -> None:
    ask(failed)
    claim = failed.must_claim(lease=-1)
    with failed.engine.begin() as connection:
        assert claims.extend(connection, [claim.token], timedelta(seconds=30)) == {claim.token: False}
    assert failed.sweep().lost == 0


def test_the_sweep_rings_for_a_plan_that_was_asked_for(failed: House) -> None:
    ask(failed)
    assert failed.sweep().waiting_work == 1


def test_a_retry_does_not_wait_for_a_plan(failed: House) -> None:
    ask(failed)
    making = failed.must_claim()
    failed.decide("retry_step", only(failed), "step-002")
    failed.finish(Done())
    failed.record(making, MADE)
    assert failed.statuses() == {"call": "completed", "build": "completed", "last": "ready"}
    assert look(failed).old == ["the step has run since"]


def test_a_plan_that_the_retry_overtook_is_not_made(failed: House) -> None:
    ask(failed)
    failed.decide("retry_step", only(failed), "step-002")
    assert failed.finish(Failed("no room")) == "build"
    ask(failed)
    with failed.engine.begin() as connection:
        connection.execute(update(STEP).where(STEP.c.step_name == "build").values(status="completed"))
    assert (failed.claim(), plan(failed).error["type"]) == (None, "overtaken")


def test_a_plan_of_other_inputs_is_out_of_date(failed: House) -> None:
    ask(failed)
    failed.finish(MADE)
    assert look(failed).old == []
    with failed.engine.begin() as connection:
        connection.execute(update(STEP).where(STEP.c.step_name == "call").values(completed_at=None))
    assert look(failed).old == ["what it is given may have changed since"]


@pytest.mark.parametrize(
    ("step_id", "who", "error"),
    [
        ("step-001", "sarah-123", Conflict),
        ("step-003", "sarah-123", Conflict),
        ("step-009", "sarah-123", NotFound),
        ("step-002", "mallory-666", NotFound),
    ],
)
def test_what_has_no_plan_is_refused(failed: House, step_id: str, who: str, error: type[StratusError]) -> None:
    with pytest.raises(error):
        ask(failed, step_id, who)


def test_a_step_that_did_not_fail_has_no_plan(failed: House) -> None:
    failed.decide("retry_step", only(failed), "step-002")
    with pytest.raises(Conflict, match="it is ready: only a step that failed"):
        ask(failed)
