"""What holds for every step type of the registry, whatever it does."""

from typing import get_args

import pytest

from app.core.outcomes import NeedsHuman, Outcome, Waiting
from app.core.step_params import STEP_PARAMS, VERIFICATIONS, StepParams
from app.outbound import Outbound
from app.steps import REGISTRY
from app.steps.parts import NeverWaits
from tests.steps.exchanges import context

TEMPLATES = {
    "TerraformFile": {"module_source": "../modules/postgres"},
    "GitHubWorkflow": {"repository": "acme/monitoring", "workflow_id": "setup-monitoring.yml"},
    "HttpGet": {"url": "https://api.example.com/"},
    "HttpPut": {"url": "https://api.example.com/"},
    "HttpPost": {"url": "https://api.example.com/"},
    "ManualTask": {"instructions": "Do it by hand."},
    "HttpCheck": {"url": "https://api.example.com/"},
    "TcpCheck": {"host": "db.example.com", "port": 5432},
    "DnsCheck": {"host": "db.example.com"},
    "ExpressionCheck": {"when": False, "expression": "size < 10"},
}
LATER = {"JiraTicket"}
"""Types that documents may name before the portal runs them itself: their steps become tickets."""

every_type = pytest.mark.parametrize("name", sorted(REGISTRY))


def shut_in(name, folder):
    """A step's view of a world in which nothing outside may be called."""
    params = STEP_PARAMS[name].model_validate(TEMPLATES[name])
    return context(params, http=Outbound(()), github_api_url="https://api.github.com", workdir=folder)


def test_every_type_that_a_document_may_name_is_in_the_registry():
    assert REGISTRY.keys() == STEP_PARAMS.keys() - LATER


def test_every_type_has_a_template_here():
    assert TEMPLATES.keys() == REGISTRY.keys(), "add a smallest valid template of the new type to TEMPLATES"


@every_type
def test_a_type_is_registered_under_its_own_name(name):
    assert REGISTRY[name].name == name


@every_type
def test_a_type_takes_the_parameters_that_the_loader_checks(name):
    assert REGISTRY[name].Params is STEP_PARAMS[name]
    assert issubclass(REGISTRY[name].Params, StepParams)


@every_type
def test_a_type_says_what_may_be_verified_after_it(name):
    assert name in VERIFICATIONS


@every_type
def test_a_step_that_cannot_do_its_work_answers_an_outcome_and_does_not_raise(name, tmp_path):
    outcome = REGISTRY[name].run(shut_in(name, tmp_path))
    assert isinstance(outcome, get_args(Outcome))


@every_type
def test_a_step_that_may_not_call_outside_waits_for_nothing(name, tmp_path):
    assert not isinstance(REGISTRY[name].run(shut_in(name, tmp_path)), Waiting)


@every_type
def test_only_work_for_people_asks_for_a_person_by_itself(name, tmp_path):
    assert isinstance(REGISTRY[name].run(shut_in(name, tmp_path)), NeedsHuman) == (name == "ManualTask")


@every_type
def test_a_type_that_never_waits_refuses_to_be_polled(name, tmp_path):
    if isinstance(REGISTRY[name], NeverWaits):
        with pytest.raises(RuntimeError, match="polled"):
            REGISTRY[name].poll(shut_in(name, tmp_path))


@every_type
def test_a_type_keeps_nothing_between_two_steps(name):
    assert not vars(REGISTRY[name]), "one instance runs the steps of all requests, in threads: keep state in the context"
