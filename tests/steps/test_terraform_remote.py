"""`TerraformFile` with `backend: remote` against the stand-in of HCP Terraform, from its first call to its outputs."""

import io
import json
import tarfile
from datetime import timedelta

import pytest

from app.core.outcomes import Done, Failed, Waiting
from app.core.verification import verify
from app.outbound import Outbound
from app.steps.base import StepSettings
from dev.standins.tfe import program
from dev.standins.tfe_work import Terraform
from tests.steps import remote_runs
from tests.steps.remote_runs import TOKEN, WORKSPACE
from tests.steps.terraform_runs import archive

TYPED = """
variable "size" { type = number }
variable "zones" { type = list(string) }
variable "word" { type = string }
variable "password" {
  type      = string
  sensitive = true
}
variable "colour" { default = "red" }
resource "terraform_data" "one" { input = var.word }
resource "terraform_data" "two" { input = var.password }
output "told" { value = "${var.size + 1} ${join("-", var.zones)} ${terraform_data.one.output} ${var.colour}" }
output "url" {
  value     = "db://${var.password}@host"
  sensitive = true
}
output "empty" {
  sensitive = true
  value     = "nothing secret"
}
"""


@pytest.fixture
def place(tmp_path):
    with remote_runs.place(tmp_path) as place:
        yield place


def test_a_run_is_waited_for_with_its_id_and_a_link_for_people(place):
    outcome = place.run()
    assert isinstance(outcome, Waiting)
    assert outcome.check_after == timedelta(seconds=2)
    assert outcome.tracking_url == f"{place.server.url}/app/acme/workspaces/{WORKSPACE}/runs/{outcome.external_id}"


def test_a_run_that_goes_well_yields_outputs_and_keeps_sensitive_ones_sensitive(place):
    outcome = place.through()
    assert isinstance(outcome, Done)
    assert outcome.outputs == {"word": "hello", "key": "s3cret"}
    assert outcome.sensitive == {"key"}
    assert outcome.tracking_url


def test_what_was_built_can_be_verified_as_that_of_a_run_of_our_own(place):
    evidence = place.through().evidence
    wanted = {"type": "terraform_state", "resource_count": 3, "required_outputs": ["word"]}
    assert all(check.ok for check in verify(wanted, evidence))
    assert not all(check.ok for check in verify(wanted | {"resource_count": 4}, evidence))


def test_the_plan_is_confirmed_by_us_and_only_once(place):
    place.through()
    assert place.taken() == ["run", "apply"]


def test_each_step_has_a_workspace_of_its_own(place):
    place.through()
    place.through(step_id="step-005")
    names = [one["attributes"]["name"] for one in place.get("/api/v2/organizations/acme/workspaces")["data"]]
    assert names == [WORKSPACE, WORKSPACE.replace("004", "005")]


def test_a_template_may_name_workspace_and_organization(place):
    settings = StepSettings("", "", "", None, place.server.url, TOKEN, "")
    outcome = place.run(template={"workspace": "portal", "organization": "acme"}, settings=settings)
    assert "/app/acme/workspaces/portal/runs/" in outcome.tracking_url


def test_values_are_sensitive_variables_and_never_part_of_the_configuration(place):
    place.through(template={"variables": {"word": "canary-4711"}})
    uploads = [sent for method, _, _, sent in place.http.calls if method == "PUT"]
    with tarfile.open(fileobj=io.BytesIO(uploads[0]), mode="r:gz") as tar:
        assert tar.getnames() == ["main.tf.json", "module", "module/main.tf"]
        assert not any(b"canary" in tar.extractfile(one).read() for one in tar if one.isfile())
    (variable,) = [sent["data"]["attributes"] for _, url, _, sent in place.http.calls if url.endswith("/vars") and sent]
    assert variable == {"key": "word", "value": '"canary-4711"', "category": "terraform", "hcl": False, "sensitive": True}


def test_values_and_tokens_are_in_no_log_and_no_handle(place):
    first = place.run(template={"variables": {"word": "canary-4711"}})
    kept = json.dumps([first.handle, place.poll(place.until(first, "planned")).handle, place.noted, place.lines])
    assert len(place.lines) > 3
    assert not [secret for secret in ("canary-4711", TOKEN, "_archivist") if secret in kept]


def test_the_token_goes_to_the_api_alone(place):
    place.through()
    with_token = {"Authorization" in headers for _, url, headers, _ in place.http.calls if url.startswith(place.server.url)}
    elsewhere = [headers for _, url, headers, _ in place.http.calls if not url.startswith(place.server.url)]
    assert with_token == {True}
    assert len(elsewhere) == 3, "an archive and two logs"
    assert all("Authorization" not in headers for headers in elsewhere)


def test_run_again_it_changes_the_variables_and_not_their_number(place):
    place.through()
    outcome = place.through(template={"variables": {"word": "bye"}}, idempotency_key="another attempt group")
    assert isinstance(outcome, Done)
    assert [method for method, url, _, _ in place.http.calls if "/vars" in url and method != "GET"] == ["POST", "PATCH"]


def test_a_plan_without_changes_is_a_run_that_went_well(place):
    first = place.through()
    again = place.through(idempotency_key="another attempt group")
    assert again.outputs == first.outputs
    assert place.taken() == ["run", "apply", "run"]


def test_a_plan_that_waits_and_changes_nothing_is_discarded(place):
    place.through()
    place.tell("unchanged")
    outcome = place.through(template={"variables": {"word": "bye"}}, idempotency_key="another attempt group")
    assert isinstance(outcome, Done)
    assert place.taken() == ["run", "apply", "run", "discard"]


@pytest.mark.parametrize(("behaviour", "options"), [("cost_estimate", {}), ("policy", {"result": "passed"})])
def test_a_plan_is_confirmed_after_it_was_priced_and_checked(place, behaviour, options):
    place.tell(behaviour, **options)
    assert isinstance(place.through(), Done)


def test_a_status_that_nobody_knows_yet_is_waited_out(place):
    place.tell("odd_status", status="warming_up")
    assert isinstance(place.through(), Done)
    assert "HCP Terraform: warming up" in place.lines


def test_a_run_is_looked_at_less_and_less_often_while_nothing_changes(place):
    place.tell("slow", seconds=600)
    outcome = place.until(place.run(), "plan_queued")
    pauses = []
    for _ in range(12):
        outcome = place.poll(outcome)
        pauses.append(outcome.check_after.total_seconds())
    assert pauses[:3] == [3, 4.5, 6.75]
    assert pauses[-1] == 30


def test_what_the_run_says_is_told(place):
    place.through()
    assert "HCP Terraform: planned" in place.lines
    assert "Apply complete!" in place.lines


def test_outputs_that_are_not_read_yet_are_waited_for(place):
    place.tell("slow_state", seconds=1)
    outcome = place.through()
    assert outcome.outputs["word"] == "hello"


def test_a_configuration_that_takes_a_while_is_waited_for(place):
    place.tell("slow_configuration", seconds=0.5)
    first = place.run()
    assert first.external_id is None
    assert isinstance(place.follow(first), Done)
    assert sum(method == "PUT" for method, *_ in place.http.calls) == 1


def test_an_output_that_the_module_lacks_fails_the_step(place):
    outcome = place.through(declared={"colour": {"type": "string"}})
    assert isinstance(outcome, Failed)
    assert (outcome.kind, outcome.details) == ("output_missing", {"missing": ["colour"]})


def test_real_terraform_takes_the_configuration_and_every_type_of_value(tmp_path):
    values = {"size": 3, "zones": ["a", "${b}"], "word": "%{ if true }", "password": "p4ss", "colour": None}
    with remote_runs.place(tmp_path, Terraform(program())) as place:
        outcome = place.through(module=archive({"main.tf": TYPED}), template={"variables": values})
    assert isinstance(outcome, Done), outcome
    assert outcome.outputs == {"told": "4 a-${b} %{ if true } red", "url": "db://p4ss@host", "empty": "nothing secret"}
    assert outcome.sensitive == {"url", "empty"}
    assert outcome.evidence == {"resource_count": 2, "outputs": ["empty", "told", "url"]}


@pytest.mark.parametrize(
    "missing", [StepSettings("", "", "", None, "", "", "acme"), StepSettings("", "", "", None, "", TOKEN, "")]
)
def test_without_an_account_it_says_which_setting_is_missing(place, missing):
    outcome = place.run(settings=missing)
    assert (outcome.kind, outcome.retryable) == ("tfe_settings", False)
    assert "TFE_" in outcome.message


def test_a_host_that_may_not_be_called_fails_the_step_at_once(place):
    outcome = place.run(http=Outbound(()))
    assert isinstance(outcome, Failed)
    assert "OUTBOUND_HOSTS" in outcome.message


def test_without_a_module_nothing_is_created(place):
    outcome = place.run(module=None)
    assert (outcome.kind, place.taken()) == ("terraform_module", [])


def test_a_workspace_name_that_the_api_would_not_take_is_refused_before(place):
    outcome = place.run(template={"workspace": "../other"})
    assert (outcome.kind, place.http.calls) == ("terraform_module", [])
