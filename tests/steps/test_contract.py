"""What holds for every step type of the registry, whatever it does."""

from typing import get_args

import pytest

from app.core.outcomes import Again, Failed, Indeterminate, NeedsHuman, Outcome, Waiting
from app.core.step_params import CHANGE_NOTHING, STEP_PARAMS, VERIFICATIONS, StepParams, undo_of
from app.outbound import Outbound
from app.steps import REGISTRY
from app.steps.parts import HasNoUndo, NeverWaits
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
    "UniqueCheck": {"value": "portal", "among": "team", "named": "free"},
    "QuotaCheck": {},
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
def test_a_type_that_never_waits_has_nothing_to_stop(name, tmp_path):
    if isinstance(REGISTRY[name], NeverWaits):
        with pytest.raises(RuntimeError, match="polled"):
            REGISTRY[name].stop(shut_in(name, tmp_path))


@every_type
def test_a_probe_that_may_not_call_outside_asks_nobody_and_claims_nothing(name, tmp_path):
    assert isinstance(REGISTRY[name].probe(shut_in(name, tmp_path)), Again | Failed | Indeterminate)


@every_type
def test_what_changes_nothing_outside_may_always_be_run_again(name, tmp_path):
    if name in CHANGE_NOTHING:
        assert isinstance(REGISTRY[name].probe(shut_in(name, tmp_path)), Again)


@every_type
def test_a_type_that_undoes_nothing_itself_refuses_to(name, tmp_path):
    if undo_of(name, None) != "own":
        assert isinstance(REGISTRY[name], HasNoUndo), "say in core.step_params.undo_of that it undoes itself"
        with pytest.raises(RuntimeError, match="cannot undo"):
            REGISTRY[name].undo(shut_in(name, tmp_path))


@every_type
def test_a_type_that_undoes_itself_answers_an_outcome_when_it_cannot(name, tmp_path):
    if undo_of(name, None) == "own":
        assert isinstance(REGISTRY[name].undo(shut_in(name, tmp_path)), get_args(Outcome))


@pytest.mark.parametrize(("rollback", "how"), [({"type": "HttpPost"}, "rollback"), ({"type": "none"}, "nothing")])
@every_type
def test_what_the_catalog_says_of_a_roll_back_goes_before_what_a_type_does_itself(name, rollback, how):
    assert undo_of(name, rollback) == how


@every_type
def test_a_type_keeps_nothing_between_two_steps(name):
    assert not vars(REGISTRY[name]), "one instance runs the steps of all requests, in threads: keep state in the context"
