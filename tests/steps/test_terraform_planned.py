"""What a plan is about to do and what a saved state knows of it, as tables. The events are of Terraform's own shape."""

import json

import pytest

from app.steps.terraform.narration import Narration
from app.steps.terraform.planned import begun, doubtful, facts


def event(kind, address, **more):
    about = {"resource": {"addr": f"module.main.{address}"}, **more}
    return {"type": kind, "@message": "", "change" if kind == "planned_change" else "hook": about}


def told(*events):
    narration = Narration([].append)
    for one in events:
        narration.take(json.dumps(one).encode())
    return narration


PLAN = told(
    event("refresh_start", "aws_db.main", id_value="db-1"),
    event("refresh_start", "aws_rule.any"),
    event("planned_change", "data.aws_ami.a", action="read"),
    event("planned_change", "aws_vpc.a", action="create"),
    event("planned_change", "aws_db.main", action="replace"),
    event("planned_change", "aws_rule.any", action="replace"),
    event("planned_change", "aws_role.r", action="update"),
    event("planned_change", "aws_role.old", action="delete"),
)
NOTED = facts(PLAN, "built")


def state(**ids):
    """What `show -json` tells of a state: name -> id."""
    kinds = {"vpc": "aws_vpc.a", "db": "aws_db.main", "rule": "aws_rule.any"}
    held = [{"address": f"module.main.{kinds[name]}", "mode": "managed", "values": {"id": id_}} for name, id_ in ids.items()]
    return {"values": {"root_module": {"child_modules": [{"resources": held}]}}}


def test_what_is_built_is_noted_by_address_and_action_without_what_is_only_read():
    assert NOTED == {
        "planned": [
            {"resource": "aws_vpc.a", "action": "create"},
            {"resource": "aws_db.main", "action": "replace", "before": "db-1"},
            {"resource": "aws_rule.any", "action": "replace", "before": ""},
            {"resource": "aws_role.r", "action": "update"},
            {"resource": "aws_role.old", "action": "delete"},
        ]
    }


def test_what_is_destroyed_is_noted_by_address():
    assert facts(told(event("planned_change", "aws_vpc.a", action="delete")), "destroyed") == {"destroys": ["aws_vpc.a"]}


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        (None, ["aws_vpc.a", "aws_db.main", "aws_rule.any"]),
        (state(), ["aws_vpc.a", "aws_db.main", "aws_rule.any"]),
        (state(vpc="vpc-1", db="db-1", rule=None), ["aws_db.main", "aws_rule.any"]),
        (state(vpc="vpc-1", db="db-2", rule=None), ["aws_rule.any"]),
        (state(vpc="vpc-1", db=None, rule="rule-1"), ["aws_db.main", "aws_rule.any"]),
    ],
)
def test_what_was_to_be_created_and_is_not_surely_in_the_state_is_in_doubt(held, expected):
    assert doubtful(NOTED, held) == expected


def test_only_what_had_begun_is_left_of_a_plan_whose_apply_was_heard_to_the_end():
    assert begun(PLAN, told(event("apply_start", "aws_vpc.a", action="create"))) == {
        "planned": [{"resource": "aws_vpc.a", "action": "create"}]
    }


@pytest.mark.parametrize(
    ("summary", "unsaved"),
    [
        ("operation canceled", True),
        ("Failed to save state", True),
        ("Failed to persist state to backend", True),
        ("execution halted", False),
        ("creating DB: operation canceled by the provider", False),
    ],
)
def test_some_errors_say_that_the_state_was_not_saved(summary, unsaved):
    assert told({"type": "diagnostic", "diagnostic": {"severity": "error", "summary": summary}}).unsaved is unsaved
