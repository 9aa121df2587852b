"""The stand-in of HCP Terraform, driven by HashiCorp's own client: what that one takes for HCP Terraform, ours may too."""

import io
import tarfile
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from pytfe import TFEClient, TFEConfig
from pytfe.errors import AuthError, NotFound, RateLimited, TFEError
from pytfe.models import (
    CategoryType,
    ConfigurationVersionCreateOptions,
    RunCreateOptions,
    RunListOptions,
    VariableCreateOptions,
    VariableUpdateOptions,
    Workspace,
    WorkspaceCreateOptions,
)

from dev.standins.serving import Running
from dev.standins.tfe import create_app, program
from dev.standins.tfe_work import Pretence, Terraform
from tests.steps.exchanges import LOOPBACK

RUN_SECONDS = 0.2
ROOT = """
variable "word" {}
resource "terraform_data" "echo" { input = var.word }
output "word" { value = terraform_data.echo.output }
output "twice" {
  value     = "${var.word}${var.word}"
  sensitive = true
}
"""


@pytest.fixture
def site():
    """A stand-in whose runs pretend to build two resources."""
    pretence = Pretence(outputs={"word": ("hello", False), "twice": ("hellohello", True)}, resources=2)
    with Running(create_app(work=pretence, run_seconds=RUN_SECONDS)) as server:
        yield server


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@pytest.fixture
def client(site):
    with connected(site) as client:
        yield client


@contextmanager
def connected(site, token="development"):
    client = TFEClient(TFEConfig(address=site.url, token=token, http2=False, max_retries=0, ca_bundle=""))
    yield client
    client.close()


@pytest.fixture
def space(client):
    return client.workspaces.create("acme", WorkspaceCreateOptions(name="customer-portal"))


def archive(text=ROOT):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        member = tarfile.TarInfo("main.tf")
        member.size = len(text)
        tar.addfile(member, io.BytesIO(text.encode()))
    packed.seek(0)
    return packed


def configure(client, space, auto_queue=False):
    options = ConfigurationVersionCreateOptions.model_validate({"auto-queue-runs": auto_queue})
    made = client.configuration_versions.create(space.id, options)
    client.configuration_versions.upload_tar_gzip(made.upload_url, archive())
    return client.configuration_versions.read(made.id)


def start(client, space, message="from outside", **more):
    options = RunCreateOptions(workspace=Workspace(id=space.id), message=message, **more)
    return client.runs.create(options)


def tell(site, behaviour, **options):
    reply = LOOPBACK.request("POST", f"{site.url}/_control", json={"behaviour": behaviour, **options}, timeout=5)
    assert reply.status == 200, reply.text()


def until(client, run, *statuses, seconds=30):
    """The run once it is in one of these statuses."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        read = client.runs.read(run.id)
        if read.status in statuses:
            return read
        time.sleep(RUN_SECONDS / 10)
    raise AssertionError(f"{run.id} is {read.status}")


def applied(client, space, **more):
    run = start(client, space, **more)
    client.runs.apply(until(client, run, "planned").id)
    return until(client, run, "applied")


def test_a_workspace_is_found_by_its_name_and_by_its_id(client, space):
    assert client.workspaces.read("customer-portal", organization="acme").id == space.id
    assert client.workspaces.read_by_id(space.id).name == "customer-portal"
    assert [one.name for one in client.workspaces.list("acme")] == ["customer-portal"]


def test_a_name_is_given_once(client, space):
    with pytest.raises(TFEError, match="already been taken") as refused:
        client.workspaces.create("acme", WorkspaceCreateOptions(name=space.name))
    assert refused.value.status == 422


def test_what_is_not_there_is_not_found(client):
    for read in (lambda: client.workspaces.read("none", organization="acme"), lambda: client.runs.read("run-1234567890123456")):
        with pytest.raises(NotFound):
            read()


def test_another_organization_is_not_found(client):
    with pytest.raises(NotFound):
        client.workspaces.create("growth", WorkspaceCreateOptions(name="x"))


def test_a_wrong_token_is_refused(site):
    with connected(site, token="stolen") as client, pytest.raises(AuthError):
        client.workspaces.read("x", organization="acme")


def test_a_document_must_say_that_it_is_one(site, space):
    headers = {"Authorization": "Bearer development"}
    reply = LOOPBACK.request("POST", f"{site.url}/api/v2/workspaces/{space.id}/vars", json={}, headers=headers, timeout=5)
    assert reply.status == 415


def test_an_uploaded_configuration_waits_for_a_run(client, space):
    assert configure(client, space).status == "uploaded"
    assert list(client.runs.list(space.id)) == []


def test_a_configuration_that_is_not_told_otherwise_starts_a_run(client, space):
    configure(client, space, auto_queue=True)
    assert len(list(client.runs.list(space.id))) == 1


def test_the_upload_goes_to_another_host_and_refuses_a_token(site, client, space):
    made = client.configuration_versions.create(space.id)
    assert urlsplit(made.upload_url).hostname == "localhost"
    headers = {"Authorization": "Bearer development", "Content-Type": "application/octet-stream"}
    assert LOOPBACK.request("PUT", made.upload_url, body=b"x", headers=headers, timeout=5).status == 400


def test_the_upload_link_is_told_once(client, space):
    made = client.configuration_versions.create(space.id)
    assert client.configuration_versions.read(made.id).upload_url is None


def test_what_is_no_archive_makes_a_broken_configuration(client, space):
    made = client.configuration_versions.create(
        space.id, ConfigurationVersionCreateOptions.model_validate({"auto-queue-runs": False})
    )
    client.configuration_versions.upload_tar_gzip(made.upload_url, io.BytesIO(b"no archive"))
    assert client.configuration_versions.read(made.id).status == "errored"


def test_a_run_needs_an_uploaded_configuration(client, space):
    with pytest.raises(TFEError, match="not uploaded"):
        start(client, space)


def test_a_variable_can_be_changed_and_a_sensitive_one_not_be_read(client, space):
    options = VariableCreateOptions(key="word", value="hello", category=CategoryType.TERRAFORM, sensitive=True)
    made = client.variables.create(space.id, options)
    client.variables.update(space.id, made.id, VariableUpdateOptions(value="bye", description="new"))
    (read,) = client.variables.list(space.id)
    assert (read.key, read.value, read.description, read.sensitive) == ("word", None, "new", True)


@pytest.mark.parametrize(
    "change", [{"key": "word"}, {"key": "other", "category": "policy-set"}], ids=["taken", "unknown category"]
)
def test_a_variable_that_cannot_be_is_refused(client, space, change):
    client.variables.create(space.id, VariableCreateOptions(key="word", value="x", category=CategoryType.TERRAFORM))
    with pytest.raises(TFEError) as refused:
        client.variables.create(space.id, VariableCreateOptions.model_validate({"category": "terraform"} | change))
    assert refused.value.status == 422


def test_a_run_plans_waits_and_applies(client, space):
    configure(client, space)
    run = start(client, space)
    planned = until(client, run, "planned")
    assert (planned.actions.is_confirmable, planned.has_changes, planned.message) == (True, True, "from outside")
    client.runs.apply(run.id)
    assert until(client, run, "applied").status_timestamps.applying_at


def test_a_run_may_apply_by_itself(client, space):
    configure(client, space)
    assert until(client, start(client, space, auto_apply=True), "applied")


def test_only_what_is_legal_now_can_be_done_to_a_run(client, space):
    configure(client, space)
    run = start(client, space)
    for act in (client.runs.apply, client.runs.force_cancel):
        with pytest.raises(TFEError) as refused:
            act(run.id)
        assert refused.value.status == 409


@pytest.mark.parametrize(
    ("action", "status", "ends"), [("cancel", "planning", "canceled"), ("discard", "planned", "discarded")]
)
def test_a_run_can_be_ended(client, space, action, status, ends):
    configure(client, space)
    run = until(client, start(client, space), status)
    getattr(client.runs, action)(run.id)
    assert until(client, run, ends)
    with pytest.raises(TFEError) as refused:
        getattr(client.runs, action)(run.id)
    assert refused.value.status == 409


def test_a_second_run_waits_for_the_first_and_then_finds_nothing_to_do(client, space):
    configure(client, space)
    first, second = start(client, space, auto_apply=True), start(client, space)
    assert client.runs.read(second.id).status == "pending"
    until(client, first, "applied")
    assert until(client, second, "planned_and_finished").has_changes is False


def test_runs_are_listed_newest_first_in_pages_and_found_by_their_message(client, space):
    configure(client, space)
    ids = [start(client, space, message=f"number {number}").id for number in range(3)]
    assert [run.id for run in client.runs.list(space.id, RunListOptions(page_size=2))] == ids[::-1]
    assert [run.id for run in client.runs.list(space.id, RunListOptions(search="number 1"))] == [ids[1]]


def test_an_apply_leaves_a_state_with_outputs(client, space):
    configure(client, space)
    run = applied(client, space)
    state = client.state_versions.read_current(space.id)
    assert state.relationships["run"]["data"]["id"] == run.id
    assert [one["count"] for one in state.resources] == [2]
    assert {one.name: one.value for one in client.state_versions.list_outputs(state.id)} == {"word": "hello", "twice": None}


def test_a_sensitive_output_is_read_one_by_one(client, space):
    configure(client, space)
    applied(client, space)
    (secret,) = [one for one in client.state_version_outputs.read_current(space.id) if one.sensitive]
    assert client.state_version_outputs.read(secret.id).value == "hellohello"


def test_outputs_of_a_state_that_is_not_read_yet_are_not_there(site, client, space):
    tell(site, "slow_state", seconds=30)
    configure(client, space)
    applied(client, space)
    state = client.state_versions.read_current(space.id)
    assert (state.resources_processed, state.resources) == (False, [])
    assert list(client.state_versions.list_outputs(state.id)) == []


def test_a_workspace_that_never_applied_has_no_state(client, space):
    with pytest.raises(NotFound):
        client.state_versions.read_current(space.id)


def test_a_destroy_run_empties_the_state(client, space):
    configure(client, space)
    applied(client, space)
    assert applied(client, space, is_destroy=True).is_destroy
    assert client.state_versions.read_current(space.id).resources == []


def test_plan_and_apply_have_logs_at_the_other_host(client, space):
    configure(client, space)
    run = applied(client, space)
    for half in (client.plans.read(run.plan.id), client.applies.read(run.apply.id)):
        assert half.status == "finished"
        log = LOOPBACK.request("GET", half.log_read_url, timeout=5)
        assert (log.body[:1], log.body[-1:]) == (b"\x02", b"\x03")


@pytest.mark.parametrize(("behaviour", "half"), [("fail_plan", "plan"), ("fail_apply", "apply")])
def test_a_run_fails_as_it_is_told_to(site, client, space, behaviour, half):
    tell(site, behaviour, summary="No subnet", detail="There is none in eu-west-1.")
    configure(client, space)
    run = until(client, start(client, space, auto_apply=True), "errored")
    read = {"plan": client.plans, "apply": client.applies}[half].read(getattr(run, half).id)
    assert read.status == "errored"
    assert "No subnet" in LOOPBACK.request("GET", read.log_read_url, timeout=5).text()


def test_a_state_that_could_not_be_saved_lies_aside(site, client, space):
    tell(site, "lose_state")
    configure(client, space)
    run = until(client, start(client, space, auto_apply=True), "errored")
    url = f"{site.url}/api/v2/applies/{run.apply.id}/errored-state"  # pytfe would bring its token to the other host
    assert LOOPBACK.request("GET", url, headers={"Authorization": "Bearer development"}, timeout=5).status == 307


def test_a_plan_may_be_priced_and_checked_before_it_waits(site, client, space):
    tell(site, "cost_estimate")
    tell(site, "policy", result="passed")
    configure(client, space)
    checked = until(client, start(client, space), "policy_checked")
    assert checked.actions.is_confirmable
    assert checked.status_timestamps.cost_estimated_at


def test_a_policy_may_ask_for_a_person(site, client, space):
    tell(site, "policy", result="override")
    configure(client, space)
    run = until(client, start(client, space), "policy_override")
    assert not run.actions.is_confirmable
    client.policy_checks.override(run.policy_checks[0].id)
    assert client.runs.read(run.id).actions.is_confirmable


def test_a_rate_limit_names_a_pause(site, client):
    tell(site, "rate_limit", retry_after=3)
    with pytest.raises(RateLimited) as limited:
        client.workspaces.read("x", organization="acme")
    assert limited.value.retry_after == 3


def test_real_terraform_may_do_the_work():
    app = create_app(work=Terraform(program()), run_seconds=RUN_SECONDS)
    with Running(app) as site, connected(site) as client:
        space = client.workspaces.create("acme", WorkspaceCreateOptions(name="real"))
        client.variables.create(space.id, VariableCreateOptions(key="word", value="${ok}", category=CategoryType.TERRAFORM))
        configure(client, space)
        applied(client, space)
        state = client.state_versions.read_current(space.id)
        assert [(one["type"], one["count"]) for one in state.resources] == [("terraform_data", 1)]
        assert {one.name: one.value for one in client.state_versions.list_outputs(state.id)} == {"word": "${ok}", "twice": None}
        assert until(client, start(client, space), "planned_and_finished")
