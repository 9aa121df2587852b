"""The pages that ask before something is decided, and the deciding: cancel, retry, resume, roll back, leave out."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import update

from app.core.outcomes import Again, Done
from app.models.tables import ATTEMPT
from tests.fixtures.browser_client import BrowserClient, words
from tests.fixtures.house import House, http, item
from tests.web import stories

SignedIn = Callable[[str], BrowserClient]
WHY = {"reason": "We took another one."}


def pressable(browser: BrowserClient, request_id: str) -> set[str]:
    """The decisions that the page of a request offers."""
    page = browser.get(f"/requests/{request_id}").text
    return set(re.findall(rf'href="/requests/{request_id}/(?:steps/step-\d+/)?(cancel|retry|resume|rollback|skip)"', page))


def cancelled(house: House, sarah: BrowserClient) -> str:
    """A request that was cancelled after its first step was done."""
    request_id = stories.ordered(house)
    house.finish(Done({"address": "db-1", "password": "hunter2"}, frozenset({"password"})))
    sarah.send(f"/requests/{request_id}/cancel", WHY)
    return request_id


def failed(house: House) -> str:
    """A request that has ended as failed: nobody is asked about its second step; its id."""
    steps = [http("make", title="Database"), http("announce", title="Announcement", depends_on="[make]")]
    text = item("\n".join(steps)).replace("automation:\n", "automation:\n    fallback_on_failure: false\n")
    house.offer(single=text)
    request_id = house.order("single").request_id
    house.finish(Done())
    house.finish(stories.NO_ROOM)
    return request_id


# What is offered to whom


@pytest.mark.parametrize(
    ("who", "offered"),
    [
        ("sarah-123", {"cancel", "retry"}),
        ("bob-456", {"cancel", "retry"}),
        ("carol-789", {"retry", "skip"}),
        ("dana-001", {"cancel", "retry", "skip"}),
    ],
)
def test_a_request_whose_step_failed_offers_what_each_may(house: House, signed_in: SignedIn, who: str, offered: set[str]):
    assert pressable(signed_in(who), stories.failed(house)) == offered


def test_what_a_later_step_reads_is_not_left_out(house: House, signed_in: SignedIn):
    reads = http("announce", depends_on="[make]", when='"{{ steps.make.outputs.address }}"')
    house.offer(single=item("\n".join([http("make", outputs=stories.MADE), reads]), fields=stories.FIELDS))
    request_id = stories.again(house)
    stories.fail(house)
    assert pressable(signed_in("carol-789"), request_id) == {"retry"}


def test_a_cancelled_request_offers_to_go_on_and_to_be_rolled_back(house: House, signed_in: SignedIn):
    sarah = signed_in("sarah-123")
    assert pressable(sarah, cancelled(house, sarah)) == {"resume", "rollback"}


def test_a_finished_request_offers_to_be_rolled_back(house: House, signed_in: SignedIn):
    assert pressable(signed_in("sarah-123"), stories.done(house)) == {"rollback"}


def test_a_request_that_runs_offers_to_be_cancelled_and_nothing_else(house: House, signed_in: SignedIn):
    assert pressable(signed_in("sarah-123"), stories.ordered(house)) == {"cancel"}


# Asking


def test_cancelling_asks_first_with_what_it_does(house: House, signed_in: SignedIn):
    request_id = stories.ordered(house)
    text = words(signed_in("sarah-123").get(f"/requests/{request_id}/cancel"))
    assert "Cancel Small Database? What has not begun never begins" in text
    assert "Database Is not begun" in text
    assert house.request(request_id).status == "submitted"


def test_rolling_back_asks_first_with_what_becomes_a_ticket(house: House, signed_in: SignedIn):
    text = words(signed_in("sarah-123").get(f"/requests/{stories.done(house)}/rollback"))
    assert "Database Becomes a ticket platform-data-team is asked to undo it." in text


def test_leaving_out_asks_first(house: House, signed_in: SignedIn):
    request_id = stories.ordered(house)
    house.finish(Done({"address": "db-1", "password": "hunter2"}, frozenset({"password"})))
    stories.fail(house)
    text = words(signed_in("carol-789").get(f"/requests/{request_id}/steps/step-002/skip"))
    assert "Leave Announcement out? The request goes on as if it were done, without its outputs." in text


def test_running_a_step_again_asks_first(house: House, signed_in: SignedIn):
    request_id = stories.failed(house)
    text = words(signed_in("sarah-123").get(f"/requests/{request_id}/steps/step-001/retry"))
    assert "Run Database again? It runs as attempt 2 with the same inputs." in text
    assert house.statuses()["make"] == "failed"


@pytest.mark.parametrize("what", ["rollback", "resume", "steps/step-002/retry", "steps/step-002/skip"])
def test_what_makes_no_sense_is_answered_with_the_reason(house: House, signed_in: SignedIn, what: str):
    answer = signed_in("dana-001").get(f"/requests/{stories.ordered(house)}/{what}")
    assert answer.status_code == 409
    assert "Nothing was changed." in words(answer)


@pytest.mark.parametrize("what", ["cancel", "steps/step-001/retry", "steps/step-001/skip"])
def test_nobody_else_is_asked(house: House, signed_in: SignedIn, what: str):
    request_id = stories.failed(house)
    assert signed_in("mallory-666").get(f"/requests/{request_id}/{what}").status_code == 404
    assert signed_in("mallory-666").send(f"/requests/{request_id}/{what}", WHY).status_code == 404


def test_whoever_may_not_decide_is_told_who_may(house: House, signed_in: SignedIn):
    request_id, carol = stories.failed(house), signed_in("carol-789")
    assert "Only customer-experience decides this." in words(carol.get(f"/requests/{request_id}/cancel"))
    assert carol.send(f"/requests/{request_id}/cancel", WHY).status_code == 403


@pytest.mark.parametrize("what", ["cancel", "steps/step-009/retry", "steps/step-009/skip"])
def test_what_there_is_not_is_not_found(house: House, signed_in: SignedIn, what: str):
    request_id = stories.failed(house) if "step" in what else "req-20250816-nobody"
    assert signed_in("sarah-123").get(f"/requests/{request_id}/{what}").status_code == 404


# Deciding


def test_cancelling_leads_back_to_the_request_which_says_why(house: House, signed_in: SignedIn):
    sarah, request_id = signed_in("sarah-123"), stories.ordered(house)
    answer = sarah.send(f"/requests/{request_id}/cancel", WHY)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/requests/{request_id}")
    text = words(sarah.get(f"/requests/{request_id}"))
    assert "Small Database was cancelled" in text
    assert "Sarah cancelled it: We took another one." in text


def test_while_something_runs_the_request_says_that_it_is_asked_to_stop(house: House, signed_in: SignedIn):
    sarah, request_id = signed_in("sarah-123"), stories.ordered(house)
    claim = house.must_claim()
    sarah.send(f"/requests/{request_id}/cancel", WHY)
    assert "Database is asked to stop; it ends once nothing runs any more." in words(sarah.get(f"/requests/{request_id}"))
    house.record(claim, Again("stopped in time"))
    assert "Small Database was cancelled" in words(sarah.get(f"/requests/{request_id}"))


@pytest.mark.parametrize("reason", ["", "  ", "x" * 10_001])
def test_a_reason_must_be_given_and_what_was_typed_is_kept(house: House, signed_in: SignedIn, reason: str):
    answer = signed_in("sarah-123").send(f"/requests/{stories.ordered(house)}/cancel", {"reason": reason})
    assert answer.status_code == 422
    assert "<title>Error: Cancel Small Database?" in answer.text
    assert f"{reason}</textarea>" in answer.text


@pytest.mark.parametrize("what", ["cancel", "rollback"])
def test_pressing_twice_decides_once(house: House, signed_in: SignedIn, what: str):
    sarah = signed_in("sarah-123")
    request_id = stories.ordered(house) if what == "cancel" else stories.done(house)
    answers = [sarah.send(f"/requests/{request_id}/{what}", WHY).status_code for _ in range(2)]
    assert answers == [303, 303]
    assert [one.kind for one in house.events()].count(f"request.{what}") == 1
    assert sarah.get(f"/requests/{request_id}/{what}").status_code == 303


def test_a_cancelled_request_goes_on_when_it_is_resumed_even_if_pressed_twice(house: House, signed_in: SignedIn):
    sarah = signed_in("sarah-123")
    request_id = cancelled(house, sarah)
    answers = [sarah.send(f"/requests/{request_id}/resume").status_code for _ in range(2)]
    assert answers == [303, 303]
    assert house.finish(Done()) == "announce"
    assert house.request(request_id).status == "completed"


def test_a_failed_request_runs_its_failed_steps_again_even_if_pressed_twice(house: House, signed_in: SignedIn):
    sarah, request_id = signed_in("sarah-123"), failed(house)
    assert "Try again…" in words(sarah.get(f"/requests/{request_id}"))
    answers = [sarah.send(f"/requests/{request_id}/retry").status_code for _ in range(2)]
    assert answers == [303, 303]
    assert house.statuses() == {"make": "completed", "announce": "ready"}


def test_the_requester_runs_a_failed_step_again(house: House, signed_in: SignedIn):
    request_id = stories.failed(house)
    answer = signed_in("sarah-123").send(f"/requests/{request_id}/steps/step-001/retry")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/requests/{request_id}")
    assert house.statuses()["make"] == "ready"


def test_a_second_click_runs_nothing_again(house: House, signed_in: SignedIn):
    request_id, browser = stories.failed(house), signed_in("sarah-123")
    answers = [browser.send(f"/requests/{request_id}/steps/step-001/retry").status_code for _ in range(2)]
    assert answers == [303, 303]
    assert [one.status for one in house.tickets()] == ["retried"]


def test_once_somebody_has_the_ticket_the_requester_is_told_who(house: House, signed_in: SignedIn):
    request_id = stories.failed(house)
    signed_in("carol-789").send(f"/queue/{stories.ticket_of(house)}/claim")
    answer = signed_in("sarah-123").send(f"/requests/{request_id}/steps/step-001/retry")
    assert answer.status_code == 409
    assert "is claimed by Carol. Nothing was changed." in words(answer)


def test_a_step_is_left_out_with_who_did_it_and_why(house: House, signed_in: SignedIn):
    request_id = stories.ordered(house)
    house.finish(Done({"address": "db-1", "password": "hunter2"}, frozenset({"password"})))
    stories.fail(house)
    carol = signed_in("carol-789")
    answers = [carol.send(f"/requests/{request_id}/steps/step-002/skip", {"reason": "They know already"}) for _ in range(2)]
    assert [one.status_code for one in answers] == [303, 303]
    text = words(signed_in("sarah-123").get(f"/requests/{request_id}"))
    assert "Carol left out Announcement: They know already" in text
    assert house.request(request_id).status == "completed"


def test_a_form_without_its_token_is_refused(house: House, signed_in: SignedIn):
    request_id = stories.failed(house)
    sarah = signed_in("sarah-123")
    assert sarah.post(f"/requests/{request_id}/cancel", data=WHY).status_code == 400
    assert sarah.post(f"/requests/{request_id}/steps/step-001/retry").status_code == 400
    assert house.statuses()["make"] == "failed"


def test_what_a_person_typed_is_text(house: House, signed_in: SignedIn):
    sarah, request_id = signed_in("sarah-123"), stories.ordered(house)
    sarah.send(f"/requests/{request_id}/cancel", {"reason": "<script>alert(1)</script>"})
    assert not re.search(r"<script>\w", sarah.get(f"/requests/{request_id}").text)


# Undoing


def test_a_roll_back_asks_people_and_goes_on_when_they_have_undone_it(house: House, signed_in: SignedIn):
    sarah, carol, request_id = signed_in("sarah-123"), signed_in("carol-789"), stories.done(house)
    sarah.send(f"/requests/{request_id}/rollback", WHY)
    assert "Announcement must be undone by hand" in words(sarah.get(f"/requests/{request_id}"))
    ticket = words(carol.get(f"/queue/{stories.ticket_of(house)}"))
    assert "Announcement is to be undone by hand" in ticket
    assert "It is gone What the step had made is removed. Nothing needs to be entered." in ticket
    assert "I removed the cause" not in ticket
    for _ in range(2):
        carol.send(f"/queue/{stories.ticket_of(house)}/resolve")
    text = words(sarah.get(f"/requests/{request_id}"))
    assert "Small Database was rolled back" in text
    assert "Carol undid Database" in text
    assert "Outputs" not in text


def test_what_a_person_lets_stay_is_said(house: House, signed_in: SignedIn):
    sarah, carol, request_id = signed_in("sarah-123"), signed_in("carol-789"), stories.done(house)
    sarah.send(f"/requests/{request_id}/rollback", WHY)
    first = stories.ticket_of(house)
    carol.send(f"/queue/{first}/reject", {"reason": "It is read elsewhere"})
    assert "Announcement stays It is read elsewhere" in words(carol.get(f"/queue/{first}"))
    carol.send(f"/queue/{stories.ticket_of(house)}/resolve")
    text = words(sarah.get(f"/requests/{request_id}"))
    assert "Small Database could not be rolled back whole: Announcement stays" in text
    assert "Carol let Announcement stay" in text


# What came too late


def test_what_came_too_late_is_shown_with_its_attempt(house: House, signed_in: SignedIn):
    request_id = stories.failed(house)
    with house.engine.begin() as connection:
        connection.execute(update(ATTEMPT).values(late_result={"outcome": "Done", "outputs": "address"}))
    said = "A worker that had lost its lease came back with the news that the step was done. It changed nothing."
    assert said in words(signed_in("sarah-123").get(f"/requests/{request_id}"))
    assert said in words(signed_in("carol-789").get(f"/queue/{stories.ticket_of(house)}"))


# From a step on


@pytest.fixture
def chain(house: House) -> str:
    """The page of a request whose `Schema` is done and repeatable, and whose `Data`, which stands on it, has failed."""
    steps = [
        http("make", title="Database"),
        http("schema", title="Schema", depends_on="[make]", repeatable="true"),
        http("data", title="Data", depends_on="[schema]"),
    ]
    house.offer(single=item("\n".join(steps)))
    request_id = house.order("single").request_id
    for outcome in (Done(), Done(), stories.NO_ROOM):
        house.finish(outcome)
    return f"/requests/{request_id}"


def test_a_repeatable_step_offers_to_run_again_from_there(chain: str, signed_in: SignedIn):
    sarah = signed_in("sarah-123")
    assert "Run again from here… Schema" in sarah.get(f"{chain}?step=step-002").text
    assert "Run again from here…" not in sarah.get(f"{chain}?step=step-001").text
    text = words(sarah.get(f"{chain}/steps/step-002/from"))
    assert "2 steps run again with the same inputs, then what waits for them. 1 finished step is kept." in text
    assert "Schema Runs again As attempt 2. What it yielded is forgotten." in text
    assert "Database Is kept" in text


def test_running_again_from_there_is_safe_to_press_twice(house: House, chain: str, signed_in: SignedIn):
    sarah = signed_in("sarah-123")
    assert {sarah.send(f"{chain}/steps/step-002/from").status_code for _ in range(2)} == {303}
    assert house.statuses() == {"make": "completed", "schema": "ready", "data": "pending"}
    assert "Sarah let Schema and Data run again, 1 finished step kept" in words(sarah.get(chain))


def test_what_is_not_repeatable_is_answered_with_its_name(house: House, chain: str, signed_in: SignedIn):
    answer = signed_in("sarah-123").send(f"{chain}/steps/step-001/from")
    assert answer.status_code == 409
    assert "Database is not declared repeatable." in words(answer)
