"""Run again from an earlier step on: what stands on it is done anew, all else is kept, and what must not be repeated is not."""

import pytest
from sqlalchemy import update

from app.core.outcomes import Done, Failed
from app.errors import Conflict, NotAllowed, NotFound
from app.models.tables import OUTPUT, REQUEST, STEP
from tests.fixtures.house import House, http, item

NO_FALLBACK = ("    steps:", "    fallback_on_failure: false\n    steps:")
URL = "{url: {type: string}}"
OUTPUTS = "outputs:\n  url: {value: '{{ steps.schema.outputs.url }}'}"


def chain(*, repeatable: str = "true", **more: str) -> str:
    """`network`, on which `schema` stands, on which `data` does; `mail` stands alone."""
    steps = [
        http("network"),
        http("schema", depends_on="[network]", outputs=URL, repeatable=repeatable, **more),
        http("data", depends_on="[schema]", repeatable="true"),
        http("mail"),
    ]
    return "\n".join(steps)


@pytest.fixture
def built(house: House) -> House:
    """All but `data` is done, which has failed and asks a person."""
    house.offer(chain=item(chain(), extra=OUTPUTS))
    return bring(house)


@pytest.fixture
def ended(house: House) -> House:
    """The same, but nobody is asked: the request has failed."""
    house.offer(chain=item(chain(rollback="{type: HttpPost, template: {url: 'http://127.0.0.1:9/'}}")).replace(*NO_FALLBACK))
    return bring(house)


def bring(house: House) -> House:
    house.order("chain")
    while (claim := house.claim()) is not None:
        failed = claim.step.step_name == "data"
        house.record(claim, Failed("no such table", retryable=False) if failed else Done({"url": "u1"}))
    return house


def only(house: House) -> str:
    return str(house.rows(REQUEST.select())[0].request_id)


def again(house: House, step: str = "schema", who: str = "sarah-123"):
    return house.decide("retry_from", only(house), house.step(step).step_id, who=who)


def test_a_run_from_a_step_on_keeps_all_else_and_does_anew_what_stands_on_it(built: House) -> None:
    found = again(built)
    assert (found.kept, list(found.again)) == (2, ["Schema", "Data"])
    assert built.statuses() == {"network": "completed", "schema": "ready", "data": "pending", "mail": "completed"}
    assert (built.tickets()[0].status, built.request(only(built)).status) == ("retried", "in_progress")
    while (claim := built.claim()) is not None:
        built.record(claim, Done({"url": "u2"}))
    assert built.request(only(built)).status == "completed"
    assert [len(built.attempts(name)) for name in ("network", "schema", "data", "mail")] == [1, 2, 2, 1]


def test_each_step_that_runs_again_is_a_new_wish_with_a_key_of_its_own(built: House) -> None:
    again(built)
    built.finish(Done({"url": "u2"}))
    first, second = built.attempts("schema")
    assert first.idempotency_key != second.idempotency_key
    assert (first.status, second.status) == ("completed", "completed")


def test_outputs_are_made_anew(built: House) -> None:
    built.end_ticket("resolve", {})
    assert built.request(only(built)).outputs == {"chain": {"url": "u1"}}
    with built.engine.begin() as connection:  # as if something else had kept it from being completed
        connection.execute(update(REQUEST).values(status="awaiting_manual", completed_at=None))
        connection.execute(update(STEP).values(managed_by="automation"))
    again(built)
    assert (built.request(only(built)).outputs, built.rows(OUTPUT.select())) == ({}, [])
    for _ in range(2):
        built.finish(Done({"url": "u2"}))
    assert built.request(only(built)).outputs == {"chain": {"url": "u2"}}


def test_a_failed_request_is_built_again_from_there(ended: House) -> None:
    assert ended.request(only(ended)).status == "failed"
    again(ended)
    assert (ended.request(only(ended)).status, ended.statuses()["schema"]) == ("in_progress", "ready")


def test_a_second_press_is_told_that_it_is_being_built(built: House) -> None:
    again(built)
    with pytest.raises(Conflict, match="it is being built"):
        again(built)
    assert built.step("schema").attempt_group == 2


@pytest.mark.parametrize(("step", "told"), [("network", "Network is not declared repeatable"), ("mail", "Mail is not")])
def test_what_is_not_declared_repeatable_is_named(built: House, step: str, told: str) -> None:
    before = built.statuses()
    with pytest.raises(Conflict, match=told):
        again(built, step)
    assert built.statuses() == before


def test_what_a_person_made_is_not_repeated(built: House) -> None:
    with built.engine.begin() as connection:
        connection.execute(update(STEP).where(STEP.c.step_name == "schema").values(managed_by="person"))
    with pytest.raises(Conflict, match="Schema was made by hand"):
        again(built)


def test_a_ticket_that_somebody_works_on_is_not_taken_from_them(built: House) -> None:
    built.end_ticket("claim", who="carol-789")
    with pytest.raises(Conflict, match="claimed by Carol"):
        again(built)
    again(built, who="carol-789")
    assert built.tickets()[0].status == "retried"


def test_a_request_that_is_completed_is_not_run_again(built: House) -> None:
    built.end_ticket("resolve", {})
    with pytest.raises(Conflict, match="it is completed"):
        again(built)


def test_a_request_that_runs_is_not_run_again(house: House) -> None:
    house.offer(chain=item(chain()))
    house.order("chain")
    house.finish(Done())
    with pytest.raises(Conflict, match="it is being built"):
        house.decide("retry_from", only(house), "step-001")


def test_what_is_taken_back_is_not_run_again(ended: House) -> None:
    ended.roll_back(only(ended))
    with pytest.raises(Conflict, match="rolled back"):
        again(ended)


def test_a_stranger_and_a_step_that_is_not_there_are_not_found(built: House) -> None:
    with pytest.raises(NotFound):
        again(built, who="mallory-666")
    with pytest.raises(NotFound):
        built.decide("retry_from", only(built), "step-009")


def test_whoever_may_not_run_all_of_it_again_is_told_who_may(built: House) -> None:
    with built.engine.begin() as connection:
        connection.execute(update(STEP).where(STEP.c.step_name == "data").values(owner_team="platform-compute-team"))
        connection.execute(update(REQUEST).values(owner_teams=["platform-data-team", "platform-compute-team"]))
    with pytest.raises(NotAllowed, match="only customer-experience or platform-data-team runs this again"):
        again(built, who="erin-321")
    again(built)


def test_a_step_that_was_skipped_by_its_condition_is_asked_anew(house: House) -> None:
    steps = [
        http("ask", outputs="{big: {type: boolean}}", repeatable="true"),
        http("more", when="'steps.ask.outputs.big'"),
        http("last", depends_on="[more]"),
    ]
    house.offer(chain=item("\n".join(steps)))
    house.order("chain")
    house.finish(Done({"big": False}))
    house.finish(Failed("no room"))
    assert house.statuses() == {"ask": "completed", "more": "skipped", "last": "failed"}
    again(house, "ask")
    house.finish(Done({"big": True}))
    assert house.statuses() == {"ask": "completed", "more": "ready", "last": "pending"}


def test_what_was_done_and_was_to_be_done_again_is_undone_all_the_same(ended: House) -> None:
    again(ended)
    ended.finish(Failed("no connection", retryable=False))
    assert (ended.statuses()["schema"], ended.request(only(ended)).status) == ("failed", "failed")
    ended.roll_back(only(ended))
    assert wanted(ended) == {"network", "schema", "mail"}


def test_what_waits_behind_a_step_that_failed_anew_is_undone_too(house: House) -> None:
    steps = [
        http("one", repeatable="true"),
        http("two", depends_on="[one]", repeatable="true"),
        http("three", depends_on="[two]"),
    ]
    house.offer(chain=item("\n".join(steps), extra="quota: {vcpu: 1}").replace(*NO_FALLBACK))
    house.order("chain")
    for outcome in (Done(), Done(), Failed("no room")):
        house.finish(outcome)
    again(house, "one")
    house.finish(Failed("no room"))
    assert house.statuses() == {"one": "failed", "two": "pending", "three": "pending"}
    assert house.request(only(house)).quota_state == "reserved"
    house.roll_back(only(house))
    assert (house.statuses()["two"], wanted(house)) == ("waiting", {"one", "two"})


def wanted(house: House) -> set[str]:
    """What is to be undone."""
    return {row.step_name for row in house.rows(STEP.select().where(STEP.c.undo == "wanted"))}
