"""`stratus tickets`: the manual queue from a terminal and from scripts."""

import json

import pytest

from tests.api.conftest import BY_HAND, work


@pytest.fixture
def ticket(stuck, carol):
    (found,) = json.loads(carol("tickets", "list", "--request", stuck, "-o", "json").out)["tickets"]
    return found["ticket_id"]


def test_the_queue_is_a_table(carol, ticket):
    assert ticket in carol("tickets", "list", "--owner-team", "platform-data-team").out
    assert carol("tickets", "list", "--status", "resolved").out == "Nothing waits for people.\n"


def test_a_ticket_shows_error_inputs_and_the_outputs_to_enter(carol, ticket):
    out = carol("tickets", "show", ticket).out
    assert "subnet group conflicts" in out
    assert "admin_secret_arn" in out


def test_a_ticket_is_taken_and_given_back(carol, ticket):
    assert carol("tickets", "claim", ticket).out == f"{ticket} is claimed.\n"
    assert carol("tickets", "claim", ticket, "--release").out == f"{ticket} is open.\n"


def test_resolving_it_lets_the_order_go_on(carol, sarah, stuck, ticket, house):
    outputs = [word for name, value in BY_HAND.items() for word in ("--set", f"{name}={value}")]
    assert carol("tickets", "resolve", ticket, *outputs, "--comment", "Made by hand").code == 0
    work(house)
    assert sarah("status", stuck, "--follow").code == 0


def test_what_was_made_by_hand_is_handed_to_terraform(carol, ticket):
    ran = carol("tickets", "resolve", ticket, "--adopt", 'terraform_data.main["a=b"]=db=123')
    assert (ran.code, "is being taken over by Terraform" in ran.out) == (0, True)
    shown = carol("tickets", "show", ticket).out
    assert 'terraform_data.main["a=b"]' in shown
    assert "db=123" in shown
    assert carol("tickets", "resolve", ticket, "--adopt", "no id").code == 2


def test_missing_outputs_are_named_all_at_once(carol, ticket):
    ran = carol("tickets", "resolve", ticket)
    assert ran.code == 2
    assert {"outputs.address", "outputs.admin_secret_arn"} <= {line.split(":")[0].strip() for line in ran.err.splitlines()}


def test_outputs_are_asked_for_at_a_terminal(carol, ticket, at_terminal):
    terminal = at_terminal(carol, "tickets", "resolve", ticket)
    terminal.answer(("Address", "fixed.example.com"), ("Port [5432]", ""), ("Admin secret ARN", "arn:aws:x:y:z"))
    assert terminal.end() == 0


def test_another_team_may_not(sarah, ticket):
    assert sarah("tickets", "claim", ticket).code == 3


def test_a_ticket_is_rejected_with_a_reason(carol, ticket, sarah, stuck):
    assert carol("tickets", "reject", ticket, "--reason", "There is no room").code == 0
    assert sarah("status", stuck, "--follow").code == 1


def test_what_is_over_is_a_conflict(carol, ticket):
    carol("tickets", "retry", ticket)
    assert carol("tickets", "claim", ticket).code == 5
