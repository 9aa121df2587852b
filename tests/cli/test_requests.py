"""`stratus requests`, `status`, `outputs`, `cancel`, `retry`: what became of orders."""

import json
import threading
import time

import pytest

from app.core.outcomes import Done, Failed
from tests.api.conftest import work
from tests.fixtures.house import http, item


@pytest.fixture
def finished(placed, house):
    work(house)
    return placed


def test_orders_are_listed(sarah, placed):
    assert placed in sarah("requests", "list", "--mine", "--entry", "full-stack-web-app").out
    assert sarah("requests", "list", "--status", "failed").out == "There are no such orders.\n"


def test_another_team_sees_nothing(stratus, placed):
    mallory = stratus("mallory-666")
    assert mallory("requests", "list").out == "There are no such orders.\n"
    assert [mallory(command, placed).code for command in ("status", "outputs")] == [4, 4]


def test_a_status_lists_the_steps(sarah, stuck):
    out = sarah("status", stuck).out
    assert "awaiting manual" in out
    assert "step-002  failed" in out


def test_following_says_each_change_and_ends_with_the_order(sarah, placed, house):
    worker = threading.Timer(0.7, lambda: work(house))
    worker.start()
    ran = sarah("status", placed, "--follow")
    worker.join()
    assert (ran.code, ran.out.splitlines()[-1].rpartition(": ")[2]) == (0, "completed")
    assert "step-001  EKS app: completed" in ran.out


def test_following_at_a_terminal_draws_in_place(sarah, placed, house, at_terminal):
    terminal = at_terminal(sarah, "status", placed, "--follow")
    terminal.asked("EKS app")
    work(house)
    assert terminal.end() == 0
    assert "\x1b[6A\x1b[J" in terminal.text


def test_an_order_that_does_not_complete_ends_with_1(sarah, placed):
    assert sarah("cancel", placed, "--reason", "Not needed any more").code == 0
    assert sarah("status", placed, "--follow").code == 1


def test_following_has_an_end(sarah, placed):
    began = time.monotonic()
    ran = sarah("status", placed, "--follow", "--timeout", "1")
    assert (ran.code, time.monotonic() - began < 15) == (7, True)


def test_ctrl_c_ends_watching_and_not_the_order(sarah, placed, at_terminal, people):
    terminal = at_terminal(sarah, "status", placed, "--follow")
    terminal.asked("EKS app").interrupt()
    assert terminal.end() == 130
    assert people.api("sarah-123").get(f"/api/v1/requests/{placed}").json["status"] != "cancelled"


def test_outputs_are_shown_by_item(sarah, finished):
    out = sarah("outputs", finished).out
    assert "postgres\n" in out
    assert "connection_string  postgresql://db.example.com:5432/customer_portal_db" in out


def test_outputs_as_json_are_the_values_alone(sarah, finished):
    found = json.loads(sarah("outputs", finished, "--json", "--item", "redis").out)
    assert found == {"endpoint": "redis.example.com:6379"}


def test_outputs_as_a_env_file(sarah, finished):
    assert "REDIS_ENDPOINT='redis.example.com:6379'\n" in sarah("outputs", finished, "--env").out


def test_outputs_take_one_form(sarah, finished):
    assert sarah("outputs", finished, "--env", "--json").code == 2


def test_an_order_without_outputs_says_so(sarah, placed):
    assert sarah("outputs", placed).out == "There are no outputs yet.\n"


def test_a_failed_step_is_tried_again(sarah, stuck):
    assert sarah("retry", stuck).code == 0


def test_an_order_is_run_again_from_a_step_on(house, sarah, people):
    steps = [http("one", repeatable="true"), http("two", depends_on="[one]")]
    house.offer(chain=item("\n".join(steps)))
    order = people.api("sarah-123").post("/api/v1/requests", json={"catalog_item": "chain"}).json["request_id"]
    for outcome in (Done(), Failed("no room")):
        house.finish(outcome)
    ran = sarah("retry", order, "--from", "step-001")
    assert (ran.code, ran.out.strip()) == (
        0,
        f"{order} tries again: it is in progress now. Kept: 0 steps. To run again: 2 steps.",
    )
    assert sarah("retry", order, "--from", "step-001").code == 5


def test_what_does_not_go_now_is_a_conflict(sarah, finished):
    ran = sarah("cancel", finished, "--reason", "Too late")
    assert (ran.code, ran.out) == (5, "")


def test_what_is_not_there_is_not_found(sarah):
    assert sarah("status", "req-20250816-abc123").code == 4
