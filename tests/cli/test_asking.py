"""Ordering at a terminal: the questions of the form, in its words, and nothing sent before somebody said so."""

import json

import pytest

pytestmark = pytest.mark.usefixtures("synced_catalog")

BUNDLE = [
    ("Solution name", "customer-portal"),
    ("High availability [y/N]", "y"),
    ("App name", "customer-portal-api"),
    ("Environment", "staging"),
    ("Replicas [2]", "3"),
    ("Database name", "customer_portal_db"),
    ("Instance class [db.t3.small]", ""),
    ("Storage (GB) [100]", "250"),
    ("Keep backups for (days) [7]", ""),
    ("Include Redis Cache? [y/N]", "y"),
    ("Cache size [cache.t3.micro]", ""),
    ("Include Application Monitoring? [Y/n]", ""),
]
WORKSPACE = [
    ("Workspace name", "checkout"),
    ("Purpose", "To find out how checkout could be faster"),
    ("Kind of work", "trial"),
    ("Ends on", "2027-01-31"),
    ("Tools [repository,board]", "repository, chat"),
    ("Lead (optional)", ""),
    ("Guest teams, number 1", "growth"),
    ("Guest teams, number 2", ""),
    ("With a sandbox account [y/N]", "n"),
    ("Contact (optional)", "sarah@example.com"),
    ("Stand-up at (optional)", ""),
    ("Kick-off (optional)", ""),
    ("Unit", "AB12"),
    ("Share [100]", ""),
    ("Labels (optional)", '{"stage": "early"}'),
]


def ordered(people, terminal):
    request_id = terminal.text.partition("Ordered: ")[2].split()[0]
    return people.api("sarah-123").get(f"/api/v1/requests/{request_id}").json


def test_a_bundle_is_asked_part_by_part_and_sent_once_it_is_confirmed(at_terminal, sarah, people):
    terminal = at_terminal(sarah, "order", "full-stack-web-app")
    terminal.answer(*BUNDLE, ("Send this order? [Y/n]", "y"))
    assert terminal.end() == 0
    assert [step["name"] for step in ordered(people, terminal)["fulfillment"]["steps"]][2] == "provision_redis"
    assert "connections" in terminal.text.lower()


def test_fields_that_the_answers_do_not_raise_are_not_asked(at_terminal, sarah):
    terminal = at_terminal(sarah, "order", "team-workspace", "--dry-run", "-o", "json")
    terminal.answer(*WORKSPACE)
    assert terminal.end() == 0
    assert "Seats" not in terminal.text
    values = json.loads(terminal.text[terminal.text.index('{\n  "') :])["values"]["parameters"]
    assert values["tools"] == ["repository", "chat"]
    assert (values["guests"], values["address"], values["labels"]) == (
        ["growth"],
        {"unit": "AB12", "share": 100},
        {"stage": "early"},
    )


def test_what_is_wrong_is_said_and_asked_again(at_terminal, sarah):
    terminal = at_terminal(sarah, "order", "postgres-database", "--dry-run")
    terminal.answer(("Database name", "Not-A-Name"), ("Instance class", ""), ("Storage", "5"), ("Keep backups", ""))
    terminal.asked("Please look at these again:").asked("parameters.allocated_storage: must be at least 20")
    terminal.answer(("Database name", "a_name"), ("Storage", "20"))
    assert terminal.end() == 0


def test_a_choice_that_there_is_not_is_asked_again_at_once(at_terminal, sarah):
    terminal = at_terminal(sarah, "order", "redis-cache", "--dry-run")
    terminal.answer(("Cache size", "huge"), ("must be one of cache.t3.micro, cache.t3.small", ""))
    assert terminal.end() == 0


def test_secrets_are_not_shown_while_they_are_typed(at_terminal, sarah):
    sandbox = [("Seats", ""), ("Budget", ""), ("Warn at", ""), ("First password", "correct horse battery")]
    terminal = at_terminal(sarah, "order", "team-workspace", "--dry-run", "--set", "sandbox=yes")
    terminal.answer(*WORKSPACE[:8], *sandbox, *WORKSPACE[9:])
    assert terminal.end() == 0
    assert "correct horse" not in terminal.text


@pytest.mark.parametrize("how", ["n", "interrupt"])
def test_whoever_does_not_confirm_sends_nothing(at_terminal, sarah, people, how):
    terminal = at_terminal(sarah, "order", "redis-cache")
    terminal.answer(("Cache size", ""))
    terminal.asked("Send this order?")
    terminal.interrupt() if how == "interrupt" else terminal.type("n")
    assert terminal.end() == 130
    assert people.api("sarah-123").get("/api/v1/requests").json["requests"] == []


def test_whoever_is_in_several_teams_is_asked_for_which(at_terminal, stratus):
    terminal = at_terminal(stratus("erin-321"), "order", "redis-cache")
    terminal.answer(("Team", "platform-compute-team"), ("Cache size", ""), ("Send this order?", "y"))
    assert terminal.end() == 0
