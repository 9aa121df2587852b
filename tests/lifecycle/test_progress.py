"""Recording: outcome, children, outputs, ticket and request in one transaction, guarded by the token."""

import json
import threading
import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from app.core.outcomes import Done, Failed, Indeterminate, NeedsHuman, Waiting
from app.lifecycle.engine.scopes import secret_cell
from app.lifecycle.engine.settle import output_cell
from app.models.tables import OUTPUT, STEP
from tests.fixtures.house import House, http, item

ORDER = {"catalog_item": "single", "parameters": {"size": 3}}


def test_a_child_is_ready_when_all_its_parents_are_done(pair: House) -> None:
    pair.order("pair")
    pair.finish(Done())
    assert pair.statuses() == {"left": "completed", "right": "ready", "child": "pending"}
    pair.finish(Done())
    assert pair.statuses()["child"] == "ready"


@pytest.mark.parametrize("round_", range(25))
def test_two_parents_that_end_at_the_same_moment_do_not_both_miss_their_child(pair: House, round_: int) -> None:
    pair.order("pair")
    barrier, made_ready = threading.Barrier(2), []

    def end(claim: object) -> None:
        barrier.wait()
        made_ready.append(pair.record(claim, Done()))

    threads = [threading.Thread(target=end, args=(pair.must_claim(f"w{number}"),)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made_ready) == [0, 1]
    assert pair.statuses()["child"] == "ready"


def test_the_last_step_completes_the_request_and_gives_its_outputs(single: House) -> None:
    made = single.order(ORDER)
    single.finish(Done({"value": "db.example.com"}))
    request = single.request(made.request_id)
    assert (request.status, request.outputs) == ("completed", {"single": {"endpoint": "db.example.com:3"}})
    assert request.completed_at is not None


def test_events_are_numbered_from_one_without_holes(pair: House) -> None:
    made = pair.order("pair")
    for _ in range(3):
        pair.finish(Done())
    assert [event.number for event in pair.events()] == list(range(1, len(pair.events()) + 1))
    assert pair.events()[-1].kind == "request.completed"
    assert pair.request(made.request_id).last_event == len(pair.events())


def test_a_stale_token_changes_nothing_and_is_kept_for_people(single: House) -> None:
    single.order(ORDER)
    claim = single.must_claim()
    assert single.record(replace(claim, token=uuid.uuid4()), Done({"value": "x"})) is None
    assert single.statuses() == {"make": "running"}
    assert single.record(claim, Done({"value": "x"})) == 0
    assert single.record(claim, Failed("too late")) is None
    assert single.statuses() == {"make": "completed"}
    assert single.attempts("make")[0].late_result == {"outcome": "Failed", "message": "too late"}


def test_a_failure_opens_exactly_one_ticket_with_the_error_inputs_and_form(single: House) -> None:
    made = single.order(ORDER)
    claim = single.must_claim()
    single.record(claim, Failed("no room", "http_error", {"status": 507}), inputs={"url": "http://x"})
    ticket = single.tickets()[0]
    assert (ticket.status, ticket.owner_team, ticket.ticket_type) == ("open", "platform-data-team", "failure")
    assert ticket.error == {"type": "http_error", "message": "no room", "details": {"status": 507}}
    assert (ticket.inputs, ticket.title) == ({"url": "http://x"}, "Do it by hand")
    assert [field["name"] for field in ticket.outputs_form["fields"]] == ["value"]
    assert single.request(made.request_id).status == "awaiting_manual"
    assert single.attempts("make")[0].error["message"] == "no room"


def test_the_database_refuses_a_second_open_ticket(single: House) -> None:
    single.order(ORDER)
    single.finish(Failed("no room"))
    columns = "request_id, step_id, ticket_system, ticket_type, status, owner_team, title, instructions"
    copy = f"INSERT INTO manual_tickets (ticket_id, {columns}) SELECT 'TCK-2', {columns} FROM manual_tickets"
    with pytest.raises(IntegrityError), single.engine.begin() as connection:
        connection.exec_driver_sql(copy)


def test_other_steps_go_on_while_a_person_is_asked(pair: House) -> None:
    made = pair.order("pair")
    pair.finish(Failed("no room"))
    assert pair.request(made.request_id).status == "in_progress"
    pair.finish(Done())
    assert pair.request(made.request_id).status == "awaiting_manual"
    assert pair.statuses() == {"left": "failed", "right": "completed", "child": "pending"}


def test_a_failure_with_attempts_left_waits_and_asks_nobody(house: House) -> None:
    policy = "{max_attempts: 2, backoff_strategy: fixed, initial_delay: 60s, max_delay: 60s}"
    house.offer(single=item(http("make", retry_policy=policy)))
    house.order("single")
    house.finish(Failed("try again"))
    step = house.step("make")
    assert (step.status, step.activity, house.tickets()) == ("waiting", "run", [])
    assert step.check_after > step.claimed_at + timedelta(seconds=20)


def test_without_fallback_the_request_fails_and_nobody_is_asked(house: House) -> None:
    steps = "\n".join([http("make"), http("then", depends_on="[make]")])
    house.offer(single=item(steps).replace("    steps:", "    fallback_on_failure: false\n    steps:"))
    made = house.order("single")
    house.finish(Failed("no"))
    assert (house.request(made.request_id).status, house.tickets()) == ("failed", [])


def test_unknown_is_a_state_that_is_probed_and_goes_to_a_person_once(single: House) -> None:
    made = single.order(ORDER)
    single.finish(Indeterminate({"what": "the line was cut"}))
    assert (single.statuses(), single.tickets()) == ({"make": "indeterminate"}, [])
    assert single.request(made.request_id).status == "in_progress"
    single.finish(Indeterminate({"looked": "at the line"}))
    assert single.statuses() == {"make": "indeterminate"}
    assert single.tickets()[0].error["details"] == {"what": "the line was cut", "looked": "at the line"}
    assert single.tickets()[0].ticket_type == "unknown"
    assert single.request(made.request_id).status == "awaiting_manual"


def test_manual_work_waits_on_its_ticket_alone(single: House) -> None:
    made = single.order(ORDER)
    single.finish(NeedsHuman("Plug it in", title="Cable", due=timedelta(hours=2)))
    ticket = single.tickets()[0]
    assert (ticket.title, ticket.instructions, ticket.ticket_type) == ("Cable", "Plug it in", "fulfillment")
    assert ticket.due_at > ticket.created_at + timedelta(hours=1)
    assert (single.statuses(), single.request(made.request_id).status) == ({"make": "waiting"}, "awaiting_manual")


def test_a_wait_is_looked_at_once_more_at_its_deadline_and_has_failed_after_it(house: House) -> None:
    house.offer(single=item(http("make", timeout="10s")))
    house.order("single")
    house.finish(Waiting({"run": 1}, timedelta(hours=1)))
    step = house.step("make")
    assert (step.status, step.check_after <= step.deadline + timedelta(seconds=1)) == ("waiting", True)
    past = {"check_after": func.now() - timedelta(seconds=1), "deadline": func.now() - timedelta(seconds=1)}
    with house.engine.begin() as connection:
        connection.execute(update(STEP).values(**past))
    house.finish(Waiting({"run": 1}, timedelta(seconds=1)))
    assert house.tickets()[0].error["type"] == "timeout"


def test_what_came_at_the_last_look_counts(house: House) -> None:
    house.offer(single=item(http("make", timeout="10s")))
    made = house.order("single")
    house.finish(Waiting({"run": 1}, timedelta(0)))
    with house.engine.begin() as connection:
        connection.execute(update(STEP).values(deadline=func.now() - timedelta(seconds=1)))
    house.finish(Done())
    assert house.request(made.request_id).status == "completed"


def test_a_late_poll_is_kept_for_people_too(single: House) -> None:
    single.order(ORDER)
    single.finish(Waiting({"run": 7}, timedelta(0)))
    claim = single.must_claim("w1")
    assert single.record(replace(claim, token=uuid.uuid4()), Failed("ended badly")) is None
    assert single.attempts("make")[0].late_result == {"outcome": "Failed", "message": "ended badly"}


def test_the_same_result_again_is_no_late_news(single: House) -> None:
    single.order(ORDER)
    claim = single.must_claim()
    single.record(claim, Done({"value": "x"}))
    assert single.record(claim, Done({"value": "x"})) is None
    assert single.attempts("make")[0].late_result is None


def test_sensitive_outputs_are_kept_encrypted_and_shown_masked(house: House) -> None:
    outputs = 'outputs: {password: {value: "{{ steps.make.outputs.key }}"}}'
    house.offer(single=item(http("make", outputs="{key: {type: string, sensitive: true}}"), extra=outputs))
    made = house.order("single")
    house.finish(Done({"key": "canary-4711"}, frozenset({"key"})))
    step, output = house.step("make"), house.rows(select(OUTPUT))[0]
    assert "canary" not in str(step) + str(output) + str(house.request(made.request_id)) + str(house.events())
    assert json.loads(house.vault.decrypt(step.secret_outputs, secret_cell(step.id))) == {"key": "canary-4711"}
    cell = output_cell(output.request_id, output.group, output.name)
    assert json.loads(house.vault.decrypt(output.secret_value, cell)) == "canary-4711"


def test_a_condition_over_outputs_decides_when_its_step_could_run(house: House) -> None:
    steps = "\n".join(
        [
            http("make", outputs="{big: {type: boolean}}"),
            http("grow", when="'steps.make.outputs.big'"),
            http("then", depends_on="[grow]"),
        ]
    )
    house.offer(single=item(steps))
    house.order("single")
    house.finish(Done({"big": False}))
    assert house.statuses() == {"make": "completed", "grow": "skipped", "then": "ready"}


def test_an_output_that_cannot_be_made_is_told_and_the_rest_goes_on(house: House) -> None:
    outputs = 'outputs: {late: {value: "{{ steps.make.outputs.value + 1 }}"}}'
    house.offer(single=item(http("make", outputs="{value: {type: string}}"), extra=outputs))
    made = house.order("single")
    house.finish(Done({"value": "text"}))
    assert house.request(made.request_id).status == "completed"
    assert "outputs.failed" in [event.kind for event in house.events()]
