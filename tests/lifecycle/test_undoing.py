"""Rolling back: the newest first, each in its own way, and a person where no machine can."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from app.core.outcomes import Again, Done, Failed, Indeterminate, NeedsHuman, Outcome, Waiting
from app.errors import Conflict, Invalid, NotAllowed, NotFound, StratusError
from app.models.tables import REQUEST, STEP
from tests.fixtures.house import House, http, item, terraform

ORDER = "thing"
CALL = "{type: HttpPost, template: {url: 'http://127.0.0.1:9/gone'}}"
AGAIN = "{type: HttpPost, template: {url: 'http://127.0.0.1:9/gone', idempotent: true}}"
NONE = "{type: none}"


def built(house: House, *steps: str) -> str:
    """The id of a request of which every step is done."""
    house.offer(thing=item("\n".join(steps)))
    made = house.order(ORDER)
    for _ in steps:
        house.finish(Done(external_id="i-1"))
    assert house.request(made.request_id).status == "completed"
    return made.request_id


def undone(house: House, outcome: Outcome) -> str:
    """Claim the next undo and record what it came to; the name of its step."""
    claim = house.must_claim()
    assert claim.activity == "undo"
    house.record(claim, outcome)
    return str(claim.step.step_name)


def stands(house: House, request_id: str) -> tuple[str, dict[str, str]]:
    return house.request(request_id).status, house.statuses()


# The order


def test_a_diamond_is_taken_back_from_its_last_step_to_its_first(house: House) -> None:
    sides = [terraform(name, depends_on="[base]") for name in ("left", "right")]
    made = built(house, terraform("base"), *sides, terraform("roof", depends_on="[left, right]"))
    house.roll_back(made)
    assert undone(house, Done()) == "roof"
    assert {undone(house, Done()), undone(house, Done())} == {"left", "right"}
    assert house.request(made).status == "rolling_back"
    assert undone(house, Done()) == "base"
    assert stands(house, made) == ("rolled_back", dict.fromkeys(("base", "left", "right", "roof"), "rolled_back"))


def test_a_parent_waits_until_all_that_was_built_on_it_is_gone(house: House) -> None:
    sides = [terraform(name, depends_on="[base]") for name in ("left", "right")]
    made = built(house, terraform("base"), *sides)
    house.roll_back(made)
    undone(house, Done())
    going = house.must_claim()
    assert house.claim() is None
    house.record(going, Done())
    assert house.must_claim().step.step_name == "base"


def test_what_makes_nothing_holds_nobody_back_and_stays_as_it_is(house: House) -> None:
    steps = [terraform("base"), http("look", rollback=NONE, depends_on="[base]"), terraform("roof", depends_on="[look]")]
    made = built(house, *steps)
    house.roll_back(made)
    assert (undone(house, Done()), undone(house, Done())) == ("roof", "base")
    assert stands(house, made) == ("rolled_back", {"base": "rolled_back", "look": "completed", "roof": "rolled_back"})


def test_independent_steps_are_taken_back_side_by_side(house: House) -> None:
    made = built(house, terraform("one"), terraform("two"))
    house.roll_back(made)
    claims = [house.must_claim(), house.must_claim()]
    assert {claim.step.step_name for claim in claims} == {"one", "two"}


# The ways


def test_a_step_of_its_own_undoes_with_a_key_of_its_own(house: House) -> None:
    made = built(house, http("make", rollback=CALL))
    house.roll_back(made)
    claim = house.must_claim()
    assert (claim.activity, claim.step.status, claim.step.outputs, claim.step.external_id) == ("undo", "running", {}, "i-1")
    assert claim.idempotency_key not in {attempt.idempotency_key for attempt in house.attempts("make")}
    assert house.record(claim, Done()) == 0
    assert stands(house, made) == ("rolled_back", {"make": "rolled_back"})


def test_an_undo_is_no_attempt_at_building(house: House) -> None:
    made = built(house, terraform("make"))
    house.roll_back(made)
    undone(house, Done())
    assert (house.step("make").attempt, [one.status for one in house.attempts("make")]) == (1, ["completed"])


def test_what_no_machine_undoes_becomes_a_ticket_without_a_form(house: House) -> None:
    made = built(house, http("make", outputs="{}"))
    house.roll_back(made)
    ticket = house.tickets()[0]
    assert (ticket.ticket_type, ticket.title, ticket.outputs_form) == ("undo", "Undo Make", {"fields": []})
    assert "It had made i-1." in ticket.instructions
    assert stands(house, made) == ("rolling_back", {"make": "waiting"})
    house.end_ticket("resolve", {})
    assert stands(house, made) == ("rolled_back", {"make": "rolled_back"})


def test_what_a_person_had_made_a_person_undoes(house: House) -> None:
    house.offer(thing=item(http("make", rollback=CALL)))
    made = house.order(ORDER)
    house.finish(Failed("no"))
    house.end_ticket("resolve", {})
    house.roll_back(made.request_id)
    assert [ticket.ticket_type for ticket in house.tickets()] == ["failure", "undo"]
    assert house.tickets()[1].previous_id == house.tickets()[0].id


def test_half_built_terraform_is_destroyed_too(house: House) -> None:
    house.offer(thing=item("\n".join([terraform("base"), terraform("roof", depends_on="[base]")])))
    made = house.order(ORDER)
    house.finish(Done())
    house.finish(Failed("no room"))
    house.cancel(made.request_id)
    house.roll_back(made.request_id)
    assert (undone(house, Done()), undone(house, Done())) == ("roof", "base")
    assert house.request(made.request_id).status == "rolled_back"


def test_half_built_terraform_that_was_left_out_is_destroyed_too(house: House) -> None:
    house.offer(thing=item(terraform("make")))
    made = house.order(ORDER)
    house.finish(Failed("no room"))
    house.decide("skip_step", made.request_id, "step-001", "we do without", who="dana-001")
    assert house.request(made.request_id).status == "completed"
    house.roll_back(made.request_id)
    assert undone(house, Done()) == "make"
    assert stands(house, made.request_id) == ("rolled_back", {"make": "rolled_back"})


def test_what_never_began_is_left_alone(house: House) -> None:
    house.offer(thing=item("\n".join([terraform("base"), terraform("roof", depends_on="[base]")])))
    made = house.order(ORDER)
    house.finish(Done())
    house.cancel(made.request_id)
    house.roll_back(made.request_id)
    undone(house, Done())
    assert stands(house, made.request_id) == ("rolled_back", {"base": "rolled_back", "roof": "cancelled"})


def test_what_nobody_ever_knew_is_looked_at_by_a_person(house: House) -> None:
    house.offer(thing=item("\n".join([terraform("base"), http("call", rollback=CALL, depends_on="[base]")])))
    made = house.order(ORDER)
    house.finish(Done())
    house.finish(Indeterminate())
    house.finish(Indeterminate())
    house.end_ticket("reject", "nobody can say")
    house.roll_back(made.request_id)
    assert (house.tickets()[-1].ticket_type, house.claim()) == ("undo", None)
    house.end_ticket("resolve", {})
    assert undone(house, Done()) == "base"


# An undo that does not go well


@pytest.mark.parametrize(
    ("outcome", "error"),
    [
        (Failed("it is in use", "http_error"), "it is in use"),
        (Indeterminate({"what": "the line was cut"}), "Nobody can tell whether this step was undone. Look before"),
    ],
)
def test_an_undo_that_does_not_succeed_becomes_a_ticket_at_once(house: House, outcome: Outcome, error: str) -> None:
    made = built(house, http("make", rollback=CALL))
    house.roll_back(made)
    undone(house, outcome)
    ticket = house.tickets()[0]
    assert (ticket.ticket_type, ticket.error["message"].startswith(error)) == ("undo", True)
    assert stands(house, made) == ("rolling_back", {"make": "waiting"})


def test_an_undo_that_asks_for_a_person_says_what_to_do(house: House) -> None:
    made = built(house, terraform("make"))
    house.roll_back(made)
    undone(house, NeedsHuman("Pull the plug."))
    assert house.tickets()[0].instructions == "Pull the plug."


def test_an_undo_that_goes_on_outside_is_looked_at_again(house: House) -> None:
    made = built(house, terraform("make"))
    house.roll_back(made)
    undone(house, Waiting({"run": 9}, timedelta(0)))
    claim = house.must_claim()
    assert (claim.activity, claim.step.handle, house.tickets()) == ("undo", {"run": 9}, [])
    house.record(claim, Done())
    assert house.request(made).status == "rolled_back"


def test_an_undo_that_never_ends_goes_to_a_person(house: House) -> None:
    made = built(house, terraform("make", timeout="10m"))
    house.roll_back(made)
    undone(house, Waiting({"run": 9}, timedelta(hours=1)))
    step = house.step("make")
    assert step.check_after - step.completed_at < timedelta(minutes=11)
    with house.engine.begin() as connection:
        connection.execute(update(STEP).values(deadline=STEP.c.claimed_at, check_after=STEP.c.claimed_at))
    undone(house, Waiting({"run": 9}, timedelta(hours=1)))
    assert house.tickets()[0].error["type"] == "timeout"


def test_an_undo_that_was_handed_back_is_begun_by_another_worker(house: House) -> None:
    made = built(house, terraform("make"))
    house.roll_back(made)
    first = house.must_claim("w1")
    house.record(first, Again("the worker was told to go"))
    second = house.must_claim("w2")
    assert (second.activity, second.idempotency_key, house.tickets()) == ("undo", first.idempotency_key, [])


def test_the_machine_may_try_to_undo_once_more(house: House) -> None:
    made = built(house, http("make", rollback=CALL))
    house.roll_back(made)
    first = house.must_claim()
    house.record(first, Failed("it is in use"))
    house.end_ticket("retry")
    second = house.must_claim()
    assert (second.activity, first.idempotency_key != second.idempotency_key) == ("undo", True)
    house.record(second, Done())
    assert (house.request(made).status, house.tickets()[0].status) == ("rolled_back", "retried")


def test_what_is_undone_by_hand_has_no_machine_to_try(house: House) -> None:
    made = built(house, http("make"))
    house.roll_back(made)
    with pytest.raises(Conflict, match="undone by hand"):
        house.end_ticket("retry")
    assert house.tickets()[0].status == "open"


# What stays


def test_what_a_person_lets_stay_stays_and_the_request_has_failed(house: House) -> None:
    made = built(house, terraform("base"), http("roof", depends_on="[base]"))
    house.roll_back(made)
    house.end_ticket("reject", "it is shared")
    assert house.step("roof").undo == "kept"
    assert undone(house, Done()) == "base"
    assert stands(house, made) == ("failed", {"base": "rolled_back", "roof": "completed"})
    assert house.request(made).failure == "it is shared"


def test_half_built_things_may_stay_too(house: House) -> None:
    house.offer(thing=item(terraform("make")))
    made = house.order(ORDER)
    house.finish(Failed("no room"))
    house.cancel(made.request_id)
    house.roll_back(made.request_id)
    undone(house, Failed("it is in use"))
    house.end_ticket("reject", "it does no harm")
    assert stands(house, made.request_id) == ("failed", {"make": "cancelled"})


def test_what_was_kept_can_be_rolled_back_again(house: House) -> None:
    made = built(house, terraform("base"), http("roof", rollback=CALL, depends_on="[base]"))
    house.roll_back(made)
    first = house.must_claim()
    house.record(first, Failed("it is in use"))
    house.end_ticket("reject", "it is shared")
    undone(house, Done())
    house.roll_back(made)
    second = house.must_claim()
    assert (second.step.step_name, first.idempotency_key != second.idempotency_key) == ("roof", True)
    house.record(second, Done())
    assert stands(house, made) == ("rolled_back", {"base": "rolled_back", "roof": "rolled_back"})


def test_what_was_taken_back_is_not_built_again(house: House) -> None:
    made = built(house, terraform("base"), http("roof", depends_on="[base]"))
    house.roll_back(made)
    house.end_ticket("reject", "it is shared")
    undone(house, Done())
    for what in ("resume", "retry"):
        with pytest.raises(Conflict, match="order it anew"):
            house.decide(what, made)


# A worker that dies


@pytest.mark.parametrize(
    ("step", "again"),
    [(terraform("make"), True), (http("make", rollback=AGAIN), True), (http("make", rollback=CALL), False)],
)
def test_an_undo_whose_worker_died_is_repeated_where_that_is_harmless(house: House, step: str, again: bool) -> None:
    made = built(house, step)
    house.roll_back(made)
    house.must_claim("w1")
    house.lose("make")
    assert [ticket.ticket_type for ticket in house.tickets()] == ([] if again else ["undo"])
    claim = house.claim("w2")
    assert (claim.activity if claim else None) == ("undo" if again else None)
    assert house.request(made).status == "rolling_back"


def test_a_look_at_an_undo_that_goes_on_outside_is_repeated(house: House) -> None:
    made = built(house, http("make", rollback=CALL))
    house.roll_back(made)
    undone(house, Waiting({"run": 9}, timedelta(0)))
    house.must_claim()
    house.lose("make")
    assert (house.must_claim().step.handle, house.tickets()) == ({"run": 9}, [])


def test_an_undo_that_kills_its_worker_three_times_goes_to_a_person(house: House) -> None:
    made = built(house, terraform("make"))
    house.roll_back(made)
    for _ in range(3):
        assert house.tickets() == []
        house.must_claim()
        house.lose("make")
    assert (house.tickets()[0].ticket_type, house.claim()) == ("undo", None)
    assert "3 times in a row" in house.tickets()[0].error["details"]["what"]


def test_a_late_answer_of_an_undo_is_kept_for_people(house: House) -> None:
    made = built(house, http("make", rollback=CALL))
    house.roll_back(made)
    claim = house.must_claim()
    house.lose("make")
    assert house.record(claim, Done()) is None
    assert house.attempts("make")[0].late_result == {"outcome": "Done", "activity": "undo", "outputs": ""}
    assert house.statuses() == {"make": "waiting"}


# Who and when


def test_rolling_back_twice_changes_nothing(house: House) -> None:
    made = built(house, terraform("make"))
    house.roll_back(made)
    told = len(house.events())
    house.roll_back(made, who="bob-456")
    undone(house, Done())
    house.roll_back(made)
    assert (len(house.events()), house.events()[-1].kind) == (told + 3, "request.rolled_back")


@pytest.mark.parametrize(
    ("who", "error"), [("carol-789", NotAllowed), ("mallory-666", NotFound), ("bob-456", None), ("dana-001", None)]
)
def test_the_team_that_asked_and_administrators_roll_back(house: House, who: str, error: type[StratusError] | None) -> None:
    made = built(house, terraform("make"))
    if error is None:
        house.roll_back(made, who=who)
        assert house.request(made).status == "rolling_back"
        return
    with pytest.raises(error):
        house.roll_back(made, who=who)
    assert house.request(made).status == "completed"


def test_it_takes_a_reason_and_something_that_was_made(house: House) -> None:
    made = built(house, http("look", rollback=NONE))
    with pytest.raises(Invalid):
        house.decide("rollback", made, "")
    with pytest.raises(Conflict, match="nothing that could be taken back"):
        house.roll_back(made)


def test_what_runs_must_be_cancelled_first(house: House) -> None:
    house.offer(thing=item(terraform("make")))
    made = house.order(ORDER)
    with pytest.raises(Conflict, match="cancel it first"):
        house.roll_back(made.request_id)


def test_a_roll_back_takes_whatever_time_it_takes(house: House) -> None:
    made = built(house, http("make"))
    with house.engine.begin() as connection:
        connection.execute(update(REQUEST).values(deadline=REQUEST.c.created_at))
    house.roll_back(made)
    assert house.sweep().timed_out == 0
    assert (house.tickets()[0].status, house.request(made).status) == ("open", "rolling_back")


def test_an_order_may_take_itself_back_when_it_fails(house: House) -> None:
    document = item("\n".join([terraform("base"), http("roof", depends_on="[base]")]))
    document = document.replace("    steps:", "    fallback_on_failure: false\n    steps:")
    house.offer(thing=document.replace("  automation:\n", "  rollback: {order: reverse, on: failure}\n  automation:\n"))
    made = house.order(ORDER)
    house.finish(Done())
    house.finish(Failed("no room"))
    assert house.request(made.request_id).status == "rolling_back"
    assert undone(house, Done()) == "base"
    assert stands(house, made.request_id) == ("rolled_back", {"base": "rolled_back", "roof": "failed"})


def test_an_order_that_made_nothing_has_only_failed(house: House) -> None:
    document = item(http("make")).replace("    steps:", "    fallback_on_failure: false\n    steps:")
    house.offer(thing=document.replace("  automation:\n", "  rollback: {order: reverse, on: failure}\n  automation:\n"))
    made = house.order(ORDER)
    house.finish(Failed("no room"))
    assert house.request(made.request_id).status == "failed"
