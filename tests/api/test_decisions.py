"""POST /requests/{id}/cancel, /retry, /resume, /rollback, and …/steps/{step}/skip."""

import pytest
from sqlalchemy import update

from app.core.outcomes import Again, Done, Failed
from app.models.tables import ATTEMPT, STEP
from tests.api.conftest import BY_HAND, OUTPUTS, work
from tests.fixtures.house import House, http, item
from tests.fixtures.people import ApiClient

URL = "/api/v1/requests"
WHY = {"reason": "We took another one."}
ENDINGS = {"resolve": {"outputs": {}}, "reject": {"reason": "It is shared."}}


def statuses(answer) -> dict[str, str]:
    return {step["name"]: step["status"] for step in answer.json["fulfillment"]["steps"]}


@pytest.fixture
def cancelled(stuck, sarah) -> str:
    """The stuck order, cancelled."""
    assert sarah.post(f"{URL}/{stuck}/cancel", json=WHY).json["status"] == "cancelled"
    return stuck


def undo(house: House, dana: ApiClient, request_id: str, ending: str = "resolve") -> list[str]:
    """Let workers undo what they can, and dana end the tickets of the rest; answers the names in the order in which it went."""
    undone = []
    while house.request(request_id).status == "rolling_back":
        while (claim := house.claim()) is not None:
            assert claim.activity == "undo"
            house.record(claim, Done())
            undone.append(claim.step.step_name)
        for one in dana.get(f"/api/v1/tickets?request_id={request_id}&status=open").json["tickets"]:
            assert (one["type"], one["outputs_form"]) == ("undo", {"fields": []})
            dana.post(f"/api/v1/tickets/{one['ticket_id']}/{ending}", json=ENDINGS[ending])
            undone.append(one["step_name"])
    return undone


# Cancel


def test_a_request_that_has_not_begun_is_cancelled_at_once(sarah, placed):
    answer = sarah.post(f"{URL}/{placed}/cancel", json=WHY)
    assert (answer.status_code, answer.json["status"], answer.json["failure"]) == (200, "cancelled", WHY["reason"])
    assert set(statuses(answer).values()) == {"cancelled"}


def test_what_runs_is_asked_to_stop_before_the_request_is_cancelled(sarah, placed, house: House):
    claim = house.must_claim()
    assert sarah.post(f"{URL}/{placed}/cancel", json=WHY).json["status"] == "cancelling"
    assert house.step(claim.step.step_name).stop_wanted
    house.record(claim, Again("stopped in time"))
    assert sarah.get(f"{URL}/{placed}").json["status"] == "cancelled"


def test_finished_steps_keep_what_they_made(sarah, cancelled):
    answer = sarah.get(f"{URL}/{cancelled}")
    assert answer.json["kept_steps"] == list(statuses(answer).values()).count("completed") > 0
    assert answer.json["outputs"]["eks_app"]["service_url"] == OUTPUTS["provision_eks_app"]["service_url"]


def test_the_ticket_of_a_cancelled_request_ends_with_it(carol, cancelled, ticket):
    assert carol.get(f"/api/v1/tickets/{ticket}").json["status"] == "rejected"


def test_cancelling_twice_changes_nothing(sarah, bob, cancelled):
    before = sarah.get(f"{URL}/{cancelled}").json
    again = bob.post(f"{URL}/{cancelled}/cancel", json={"reason": "Me too."})
    assert (again.status_code, again.json) == (200, before)


def test_a_finished_request_is_not_cancelled(sarah, finished):
    answer = sarah.post(f"{URL}/{finished}/cancel", json=WHY)
    assert (answer.status_code, answer.json["detail"]) == (409, "It has ended: it is completed.")


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": " "}, {"reason": "x" * 10_001}, {"reason": "x", "why": "y"}])
@pytest.mark.parametrize("what", ["cancel", "rollback", "steps/step-002/skip"])
def test_what_cannot_be_read_as_a_reason_is_refused(dana, stuck, what, body):
    answer = dana.post(f"{URL}/{stuck}/{what}", json=body)
    assert (answer.status_code, len(answer.json["errors"])) == (422, 1)


# Retry and resume


def test_a_failed_request_runs_its_failed_steps_again_and_keeps_the_others(sarah, stuck, house: House):
    answer = sarah.post(f"{URL}/{stuck}/retry")
    assert (answer.status_code, statuses(answer)["provision_postgres"]) == (200, "ready")
    work(house)
    body = sarah.get(f"{URL}/{stuck}").json
    assert (body["status"], house.step("provision_eks_app").attempt) == ("completed", 1)


def test_a_second_retry_finds_nothing_that_failed(sarah, stuck):
    sarah.post(f"{URL}/{stuck}/retry")
    answer = sarah.post(f"{URL}/{stuck}/retry")
    assert (answer.status_code, answer.json["detail"]) == (409, "No step has failed.")


def test_a_cancelled_request_goes_on_with_what_it_has_not_done(sarah, cancelled, house: House):
    answer = sarah.post(f"{URL}/{cancelled}/resume")
    assert (answer.json["status"], answer.json["failure"]) == ("in_progress", None)
    assert "provision_eks_app" not in work(house)
    assert sarah.get(f"{URL}/{cancelled}").json["status"] == "completed"


def test_a_request_that_runs_is_not_resumed(sarah, placed):
    answer = sarah.post(f"{URL}/{placed}/resume")
    assert answer.status_code == 409


def test_what_is_being_found_out_is_not_run_again(sarah, stuck, house: House):
    with house.engine.begin() as connection:
        connection.execute(update(STEP).where(STEP.c.step_name == "provision_redis").values(status="indeterminate"))
    sarah.post(f"{URL}/{stuck}/retry")
    assert house.statuses()["provision_redis"] == "indeterminate"


# Roll back


def test_a_finished_request_is_taken_back_the_newest_first(sarah, dana, finished, house: House):
    assert sarah.post(f"{URL}/{finished}/rollback", json=WHY).json["status"] == "rolling_back"
    undone = undo(house, dana, finished)
    assert undone.index("setup_monitoring") < undone.index("provision_eks_app")
    assert sarah.get(f"{URL}/{finished}").json["status"] == "rolled_back"


def test_rolling_back_twice_changes_nothing(sarah, finished):
    before = sarah.post(f"{URL}/{finished}/rollback", json=WHY).json
    again = sarah.post(f"{URL}/{finished}/rollback", json=WHY)
    assert (again.status_code, again.json) == (200, before)


def test_a_request_that_runs_must_be_cancelled_before_it_is_rolled_back(sarah, placed):
    answer = sarah.post(f"{URL}/{placed}/rollback", json=WHY)
    assert (answer.status_code, answer.json["detail"]) == (409, "Cancel it first: it has not ended.")


# Leaving a step out


def test_a_step_that_others_read_cannot_be_left_out(carol, stuck):
    answer = carol.post(f"{URL}/{stuck}/steps/step-002/skip", json=WHY)
    assert (answer.status_code, answer.json["detail"]) == (409, "Connections needs what it yields.")


def test_a_step_that_nobody_reads_is_left_out_and_the_rest_goes_on(sarah, erin, placed, house: House):
    work(house, "setup_monitoring")
    (step,) = [one for one in sarah.get(f"{URL}/{placed}").json["fulfillment"]["steps"] if one["name"] == "setup_monitoring"]
    assert erin.get(step["href"]).json["can_skip"]
    answer = erin.post(f"{step['href']}/skip", json=WHY)
    assert (answer.status_code, answer.json["status"], answer.json["ticket_id"]) == (200, "skipped", None)
    work(house)
    assert sarah.get(f"{URL}/{placed}").json["status"] == "completed"


def test_a_step_that_there_is_not_cannot_be_left_out(carol, stuck):
    assert carol.post(f"{URL}/{stuck}/steps/step-099/skip", json=WHY).status_code == 404


# What is shown


def test_a_request_tells_the_one_who_asks_what_they_cannot_decide(sarah, carol, stuck):
    assert sarah.get(f"{URL}/{stuck}").json["refusals"] == {
        "cancel": None,
        "retry": None,
        "resume": "it goes on already",
        "rollback": "cancel it first: it has not ended",
    }
    assert carol.get(f"{URL}/{stuck}").json["refusals"] == {
        "cancel": "only customer-experience decides this",
        "retry": None,
        "resume": "only customer-experience decides this",
        "rollback": "only customer-experience decides this",
    }


def test_once_somebody_has_the_ticket_the_requester_is_told_that_they_cannot_retry(sarah, carol, stuck, ticket):
    carol.post(f"/api/v1/tickets/{ticket}/claim")
    assert sarah.get(f"{URL}/{stuck}").json["refusals"]["retry"] == f"{ticket} is claimed by Carol"


def test_an_attempt_shows_what_came_too_late(sarah, stuck, house: House):
    late = {"outcome": "Done", "outputs": "address"}
    with house.engine.begin() as connection:
        connection.execute(
            update(ATTEMPT).where(ATTEMPT.c.step_id == house.step("provision_postgres").id).values(late_result=late)
        )
    assert sarah.get(f"{URL}/{stuck}/steps/step-002").json["attempts"][0]["late_result"] == late


def test_a_step_that_is_taken_back_says_so(sarah, finished):
    answer = sarah.post(f"{URL}/{finished}/rollback", json=WHY)
    (step,) = [one for one in answer.json["fulfillment"]["steps"] if one["name"] == "setup_monitoring"]
    body = sarah.get(step["href"]).json
    assert (body["status"], body["activity"], body["undo"]) == ("waiting", "undo", "person")


def test_what_a_person_let_stay_is_marked(sarah, dana, finished, house: House):
    sarah.post(f"{URL}/{finished}/rollback", json=WHY)
    undo(house, dana, finished, "reject")
    body = sarah.get(f"{URL}/{finished}").json
    assert (body["status"], body["failure"]) == ("failed", "It is shared.")
    (step,) = [one for one in body["fulfillment"]["steps"] if one["name"] == "setup_monitoring"]
    assert sarah.get(step["href"]).json["kept"]


def test_a_person_may_still_finish_the_step_of_a_request_that_was_retried(carol, sarah, stuck, ticket):
    sarah.post(f"{URL}/{stuck}/retry")
    assert carol.post(f"/api/v1/tickets/{ticket}/resolve", json={"outputs": BY_HAND}).status_code == 409


# From a step on


@pytest.fixture
def chain(house: House) -> str:
    """`two`, which is repeatable, is done; `three`, which stands on it, has failed; `one` is done, and not repeatable."""
    steps = [
        http("one"),
        http("two", depends_on="[one]", repeatable="true"),
        http("three", depends_on="[two]"),
    ]
    house.offer(chain=item("\n".join(steps)))
    request_id = house.order("chain").request_id
    for outcome in (Done(), Done(), Failed("no room")):
        house.finish(outcome)
    return request_id


def test_a_request_runs_again_from_a_step_on(chain: str, sarah):
    assert sarah.get(f"{URL}/{chain}/steps/step-002").json["can_retry_from"]
    answer = sarah.post(f"{URL}/{chain}/retry", json={"from_step": "step-002"})
    assert (answer.status_code, answer.json["kept_steps"], answer.json["again_steps"]) == (200, 1, 2)
    assert statuses(answer) == {"one": "completed", "two": "ready", "three": "pending"}
    again = sarah.post(f"{URL}/{chain}/retry", json={"from_step": "step-002"})
    assert (again.status_code, again.json["detail"]) == (409, "It is being built: wait until nothing of it runs.")


@pytest.mark.parametrize(
    ("body", "status"), [({"from_step": "step-001"}, 409), ({"from_step": "step-009"}, 404), ({"from_step": 1}, 422), ({}, 200)]
)
def test_what_cannot_be_repeated_says_why(chain: str, sarah, body: dict, status: int):
    answer = sarah.post(f"{URL}/{chain}/retry", json=body)
    assert answer.status_code == status
    if status == 409:
        assert answer.json["detail"] == "One is not declared repeatable."
