"""Taking over what a person made, with the real program: `terraform_data` takes any id."""

import json

import pytest

from app.core.adoption import Adopted
from app.core.outcomes import Again, Done, Failed
from tests.steps.terraform_runs import site

MODULE = """
resource "terraform_data" "main" {}
output "id" { value = terraform_data.main.id }
"""
TWO = """
variable "word" {}
resource "terraform_data" "main" { input = var.word }
resource "terraform_data" "other" { for_each = toset(["a b"]) }
output "id" { value = terraform_data.main.id }
output "other" { value = terraform_data.other["a b"].id }
"""
REPLACED = 'resource "terraform_data" "main" { triggers_replace = "new" }'
DB = (Adopted("terraform_data.main", "db-123"),)
STRANGE = "-var=${file(\"/etc/passwd\")} %{if true} $${x} 'ü' \\ db"


@pytest.fixture
def place(tmp_path):
    with site(tmp_path) as made:
        yield made


def held(place):
    """The ids that the state holds, by resource."""
    resources = json.loads(place.store.states.get(place.step, b'{"resources": []}'))["resources"]
    return {one["name"]: [each["attributes"]["id"] for each in one["instances"]] for one in resources}


def test_what_exists_is_imported_and_yields_the_outputs_of_the_module(place):
    outcome = place.call("adopt", MODULE, adopt=DB, declared={"id": {"type": "string"}})
    assert isinstance(outcome, Done)
    assert (outcome.outputs, outcome.sensitive) == ({"id": "db-123"}, frozenset())
    assert (outcome.evidence["adopted"], outcome.evidence["pending"]) == ([DB[0].as_json()], [])
    assert held(place) == {"main": ["db-123"]}


def test_a_second_time_nothing_is_imported_again(place):
    place.call("adopt", MODULE, adopt=DB)
    place.lines.clear()
    assert isinstance(place.call("adopt", MODULE, adopt=(Adopted("terraform_data.main", "another"),)), Done)
    assert held(place) == {"main": ["db-123"]}
    assert "terraform_data.main is in Terraform's state already" in place.lines


def test_an_id_is_a_value_whatever_stands_in_it(place):
    outcome = place.call("adopt", MODULE, adopt=(Adopted("terraform_data.main", STRANGE),))
    assert isinstance(outcome, Done), outcome
    assert held(place) == {"main": [STRANGE]}


def test_updates_and_what_is_not_there_yet_are_shown_and_not_made(place):
    outcome = place.call("adopt", TWO, {"word": "x"}, adopt=DB, outputs={"other": "o-1", "id": "typed"})
    assert isinstance(outcome, Done)
    assert [(one["resource"], one["action"]) for one in outcome.evidence["pending"]] == [
        ("terraform_data.main", "update"),
        ('terraform_data.other["a b"]', "create"),
    ]
    assert outcome.outputs == {"id": "db-123", "other": "o-1"}
    assert outcome.sensitive == {"id"}, "nobody can tell yet whether it is secret"
    assert held(place) == {"main": ["db-123"]}


def test_what_would_be_replaced_is_refused_with_what_differs_and_not_imported(place):
    outcome = place.call("adopt", REPLACED, adopt=DB)
    assert isinstance(outcome, Failed)
    assert outcome.kind == "adopt_destroys"
    assert "triggers_replace is not set, the module wants new" in outcome.message
    (differs,) = outcome.details["differs"]
    assert (differs["resource"], differs["action"]) == ("terraform_data.main", "replace")
    assert held(place) == {}


def test_what_a_failed_run_built_in_part_and_a_person_finished_counts_as_whole(place):
    broken = MODULE.replace("{}", '{\n provisioner "local-exec" { command = "false" }\n}')
    assert isinstance(place.run(broken), Failed)
    refused = place.call("adopt", broken, adopt=DB)
    assert isinstance(refused, Failed)
    assert "only in part" in refused.message
    made = (Adopted("terraform_data.main", held(place)["main"][0]),)
    outcome = place.call("adopt", broken, adopt=made)
    assert isinstance(outcome, Done)
    assert outcome.evidence["pending"] == []


def test_an_address_that_the_module_lacks_is_refused_in_its_own_words(place):
    outcome = place.call("adopt", MODULE, adopt=(Adopted("terraform_data.nowhere", "x"), *DB))
    assert isinstance(outcome, Failed)
    assert "terraform_data.nowhere" in str(outcome.message) + str(outcome.details)
    assert "module.main." not in outcome.message
    assert held(place) == {}


def test_an_output_that_nobody_gives_is_named(place):
    outcome = place.call("adopt", MODULE, adopt=DB, declared={"endpoint": {"type": "string"}})
    assert isinstance(outcome, Failed)
    assert (outcome.kind, outcome.details["missing"]) == ("output_missing", ["endpoint"])


def test_what_is_told_to_stop_is_left_to_the_next_worker(place):
    place.stopping.set()
    assert isinstance(place.call("adopt", MODULE, adopt=DB), Again)


def test_hcp_terraform_keeps_its_own_state(place):
    outcome = place.call("adopt", MODULE, adopt=DB, template={"backend": "remote"})
    assert isinstance(outcome, Failed)
    assert "HCP Terraform keeps the state" in outcome.message
