"""`TerraformFile` when the real program says no: which error is told, about which resource, with which advice."""

import pytest

from app.core.outcomes import Indeterminate
from tests.steps.terraform_runs import example, site

SUBNET = {"match": "subnet group", "error_code": "InvalidDBSubnetGroup", "advice": "Choose another name."}
TYPED = 'variable "size" { type = number }'
BROKEN = """
resource "terraform_data" "first" { input = "x" }
resource "terraform_data" "second" {
  input = terraform_data.first.id
  provisioner "local-exec" { command = "echo no such zone >&2; exit 3" }
}
"""
LOSING = """
resource "terraform_data" "slow" {
  provisioner "local-exec" { command = "sleep 1" }
}
"""


@pytest.fixture
def place(tmp_path):
    with site(tmp_path) as made:
        yield made


def collide(place):
    return place.run(example("postgres"), {"database_name": "legacy_portal_db"}, errors=[SUBNET])


def test_a_failed_precondition_tells_its_own_message(place):
    outcome = collide(place)
    assert (outcome.kind, outcome.message, outcome.retryable) == (
        "terraform_error",
        "Error creating RDS instance: subnet group conflicts with existing resources",
        True,
    )


def test_a_failed_precondition_names_its_resource(place):
    assert collide(place).details["resource"] == "terraform_data.db_subnet_group"


def test_a_known_failure_carries_the_code_and_the_advice_of_the_catalog(place):
    details = collide(place).details
    assert (details["error_code"], details["advice"]) == ("InvalidDBSubnetGroup", "Choose another name.")


def test_a_failed_precondition_builds_nothing(place):
    collide(place)
    assert not place.store.states


def test_the_error_is_told_in_the_log(place):
    collide(place)
    assert place.lines[-1].endswith("Error creating RDS instance: subnet group conflicts with existing resources")


def test_a_refused_value_tells_the_rule_of_the_module(place):
    outcome = place.run(example("postgres"), {"database_name": "Portal"})
    assert outcome.message.startswith("database_name must be at most 63 lower case letters")
    assert "module/" not in outcome.message


def test_a_failure_while_building_names_the_resource(place):
    outcome = place.run(BROKEN)
    assert (outcome.kind, outcome.details["resource"]) == ("terraform_error", "terraform_data.second")
    assert "no such zone" in outcome.message


def test_a_failure_while_building_keeps_what_was_built(place):
    place.run(BROKEN)
    assert b"terraform_data" in place.store.states[place.step]


@pytest.mark.parametrize(
    ("module", "variables", "told"),
    [
        ('output "x" {', {}, "brace"),
        (TYPED, {"size": "huge"}, "number"),
        (TYPED, {}, "size"),
        (TYPED, {"size": 1, "colour": "red"}, "colour"),
        ('module "other" { source = "../../../etc" }', {}, "etc"),
    ],
)
def test_a_module_that_does_not_fit_fails_with_a_diagnostic(place, module, variables, told):
    outcome = place.run(module, variables)
    assert outcome.kind == "terraform_error"
    assert told in outcome.message
    assert outcome.details["diagnostics"][0]["severity"] == "error"


def test_a_state_that_could_not_be_saved_leaves_the_outcome_unknown(place):
    place.lines = _Losing(place)
    outcome = place.run(LOSING)
    assert isinstance(outcome, Indeterminate)
    assert outcome.evidence["built"][0]["resource"] == "terraform_data.slow"


def test_a_program_killed_while_it_builds_leaves_the_outcome_unknown(place):
    outcome = place.run(LOSING.replace("sleep 1", "kill -9 $PPID"))
    assert isinstance(outcome, Indeterminate)
    assert outcome.evidence["reason"] == "the program ended with exit code 137"


class _Losing(list):
    """A log in whose middle the lease is lost."""

    def __init__(self, place):
        super().__init__()
        self._place = place

    def append(self, line):
        if "Creating" in line:
            self._place.store.lost.set()
        super().append(line)
