"""Manual work: how a ticket ends, and who may end it."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.core.outcomes import Done, Failed, NeedsHuman
from app.errors import Conflict, Invalid, NotAllowed, NotFound, StratusError
from app.lifecycle import tickets
from app.models.tables import REQUEST
from tests.fixtures.house import House, http, item

ORDER = {"catalog_item": "single", "parameters": {"size": 3}}


@pytest.fixture
def failed(single: House) -> House:
    """A request whose one step has failed."""
    single.order(ORDER)
    single.finish(Failed("no room"))
    return single


def act(house: House, who: str, what: str, *more: object) -> None:
    caller = house.caller(who)
    with house.unit() as unit:
        getattr(tickets, what)(unit, caller, house.tickets()[-1].ticket_id, *more)


def test_resolving_completes_the_step_and_the_request_goes_on(failed: House) -> None:
    act(failed, "carol-789", "resolve", {"value": "by-hand"}, "in the spare group")
    request = failed.rows(select(REQUEST))[0]
    assert (request.status, request.outputs) == ("completed", {"single": {"endpoint": "by-hand:3"}})
    assert (failed.step("make").managed_by, failed.tickets()[0].status) == ("person", "resolved")


def test_resolving_makes_the_children_ready_and_rings_for_them(pair: House) -> None:
    pair.order("pair")
    pair.finish(Done())
    pair.finish(Failed("no"))
    caller = pair.caller("carol-789")
    with pair.unit() as unit:
        tickets.resolve(unit, caller, pair.tickets()[0].ticket_id, {})
        assert unit.ready == 1
    assert pair.statuses()["child"] == "ready"


@pytest.mark.parametrize(
    ("outputs", "code"), [({}, "required"), ({"value": 5}, "type"), ({"value": "x", "other": 1}, "unknown_field")]
)
def test_outputs_that_do_not_fit_are_refused_and_nothing_changes(failed: House, outputs: dict[str, object], code: str) -> None:
    with pytest.raises(Invalid) as refused:
        act(failed, "carol-789", "resolve", outputs)
    assert [fault.code for fault in refused.value.faults] == [code]
    assert refused.value.faults[0].pointer.startswith("/outputs/")
    assert (failed.statuses(), failed.tickets()[0].status) == ({"make": "failed"}, "open")


def test_retrying_runs_the_automation_again_under_a_new_idempotency_key(failed: House) -> None:
    act(failed, "carol-789", "retry")
    assert failed.tickets()[0].status == "retried"
    assert failed.finish(Done({"value": "second"})) == "make"
    keys = [attempt.idempotency_key for attempt in failed.attempts("make")]
    assert len(set(keys)) == 2
    assert failed.statuses() == {"make": "completed"}


def test_a_new_failure_opens_a_new_ticket_that_links_the_old(failed: House) -> None:
    act(failed, "carol-789", "retry")
    failed.finish(Failed("again"))
    old, new = failed.tickets()
    assert (old.status, new.status, new.previous_id) == ("retried", "open", old.id)


def test_rejecting_fails_the_request_and_cancels_what_has_not_started(pair: House) -> None:
    made = pair.order("pair")
    pair.finish(Failed("no"))
    act(pair, "carol-789", "reject", "there is no room left")
    assert pair.statuses() == {"left": "failed", "right": "cancelled", "child": "cancelled"}
    request = pair.request(made.request_id)
    assert (request.status, request.failure) == ("failed", "there is no room left")


def test_the_requester_may_retry_until_somebody_has_claimed_it(failed: House) -> None:
    act(failed, "carol-789", "claim")
    with pytest.raises(Conflict, match="claimed by Carol"):
        act(failed, "sarah-123", "retry")
    act(failed, "carol-789", "release")
    act(failed, "bob-456", "retry")
    assert failed.statuses() == {"make": "ready"}


@pytest.mark.parametrize(
    ("what", "more", "status"), [("resolve", ({"value": "x"},), "completed"), ("reject", ("no",), "failed")]
)
def test_the_attempt_that_waited_for_a_person_ends_with_the_ticket(
    single: House, what: str, more: tuple[object, ...], status: str
) -> None:
    single.order(ORDER)
    single.finish(NeedsHuman("by hand"))
    act(single, "carol-789", what, *more)
    attempt = single.attempts("make")[0]
    assert (attempt.status, attempt.completed_at is not None) == (status, True)


def test_a_claim_that_comes_while_the_requester_retries_holds(failed: House, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = tickets.change_of

    def claimed_meanwhile(*arguments: object) -> object:
        monkeypatch.setattr(tickets, "change_of", changed)
        act(failed, "carol-789", "claim")
        return changed(*arguments)

    monkeypatch.setattr(tickets, "change_of", claimed_meanwhile)
    with pytest.raises(Conflict, match="claimed by Carol"):
        act(failed, "sarah-123", "retry")


def test_work_that_is_manual_by_design_has_nothing_to_retry(single: House) -> None:
    single.order(ORDER)
    single.finish(NeedsHuman("by hand"))
    with pytest.raises(Conflict, match="manual by design"):
        act(single, "carol-789", "retry")


@pytest.mark.parametrize(("who", "error"), [("sarah-123", NotAllowed), ("mallory-666", NotFound), ("erin-321", NotFound)])
@pytest.mark.parametrize(("what", "more"), [("claim", ()), ("resolve", ({},)), ("reject", ("no",)), ("release", ())])
def test_only_the_owning_team_or_an_administrator_works_a_ticket(
    failed: House, who: str, error: type[StratusError], what: str, more: tuple[object, ...]
) -> None:
    with pytest.raises(error):
        act(failed, who, what, *more)
    assert failed.tickets()[0].status == "open"


def test_an_administrator_may(failed: House) -> None:
    act(failed, "dana-001", "resolve", {"value": "x"})
    assert failed.tickets()[0].status == "resolved"


def test_claiming_twice_is_safe_and_somebody_elses_claim_is_named(failed: House) -> None:
    act(failed, "carol-789", "claim")
    act(failed, "carol-789", "claim")
    with pytest.raises(Conflict, match="claimed by Carol"):
        act(failed, "dana-001", "claim")


def test_of_fifty_clicks_one_resolves_and_the_others_are_told(failed: House) -> None:
    failed.caller("carol-789")
    told: list[str] = []

    def click() -> None:
        try:
            act(failed, "carol-789", "resolve", {"value": "x"})
            told.append("resolved")
        except Conflict as error:
            told.append(error.message)

    threads = [threading.Thread(target=click) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ticket = failed.tickets()[0]
    assert (told.count("resolved"), told.count(f"{ticket.ticket_id} is resolved by Carol")) == (1, 49)


def test_comments_are_kept_with_their_author(failed: House) -> None:
    act(failed, "sarah-123", "comment", "how long will it take?")
    with pytest.raises(Invalid):
        act(failed, "sarah-123", "comment", "   ")
    with pytest.raises(NotFound):
        act(failed, "mallory-666", "comment", "hello")
    assert "ticket.comment" in [event.kind for event in failed.events()]


def test_the_form_asks_for_outputs_in_the_order_of_the_catalog(house: House) -> None:
    house.offer(thing=item(http("make", outputs="{zone: {type: string}, a_very_long_name: {type: string}, b: {type: string}}")))
    house.order("thing")
    house.finish(Failed("no"))
    assert [field["name"] for field in house.tickets()[0].outputs_form["fields"]] == ["zone", "a_very_long_name", "b"]


def test_a_ticket_is_due_when_the_catalog_says(house: House) -> None:
    house.offer(thing=item(http("make")).replace('instructions: "With care"', 'instructions: "With care", due: 4h'))
    house.order("thing")
    house.finish(Failed("no"))
    ticket = house.tickets()[0]
    assert timedelta(hours=3, minutes=59) < ticket.due_at - ticket.created_at < timedelta(hours=4, minutes=1)


def test_rejecting_one_ticket_ends_the_others_and_the_request(pair: House) -> None:
    made = pair.order("pair")
    pair.finish(Failed("no"))
    pair.finish(Failed("no"))
    act(pair, "carol-789", "reject", "there is no room left")
    assert [ticket.status for ticket in pair.tickets()] == ["rejected", "rejected"]
    assert pair.request(made.request_id).status == "failed"


def test_what_fails_after_the_request_was_given_up_asks_nobody(pair: House) -> None:
    made = pair.order("pair")
    pair.finish(Failed("no"))
    running = pair.must_claim()
    act(pair, "carol-789", "reject", "there is no room left")
    assert pair.request(made.request_id).status == "in_progress"
    pair.record(running, Failed("no"))
    assert (pair.request(made.request_id).status, len(pair.tickets())) == ("failed", 1)
