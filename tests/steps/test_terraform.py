"""`TerraformFile` against the real program: what a run yields, what it tells, what it leaves where."""

import json
import stat
from dataclasses import replace
from datetime import timedelta
from zipfile import ZipFile

import pytest

from app.core.outcomes import Done, Failed
from app.steps.terraform import TerraformFile
from tests.steps.terraform_runs import BINARY, ECHO, SETTINGS, archive, example, site

PORTAL = {"database_name": "customer_portal_db", "environment": "staging"}
SECRETS = """
output "told" { value = "in the open" }
output "declared" {
  value     = "hush"
  sensitive = true
}
output "nested" { value = { words = ["plain", sensitive("hush")] } }
"""
ENVIRONMENT = """
resource "terraform_data" "look" {
  provisioner "local-exec" { command = "env" }
}
"""


@pytest.fixture
def place(tmp_path):
    with site(tmp_path) as made:
        yield made


def test_a_run_yields_the_outputs_of_the_module(place):
    outcome = place.run(example("postgres"), PORTAL)
    assert outcome.outputs == {
        "address": "customer_portal_db.staging.rds.amazonaws.com",
        "port": 5432,
        "admin_secret_arn": "arn:aws:secretsmanager:us-east-1:123456789:secret:customer-portal-db-admin",
    }


def test_the_evidence_counts_resources_and_names_outputs(place):
    outcome = place.run(example("postgres"), PORTAL)
    assert outcome.evidence == {"resource_count": 3, "outputs": ["address", "admin_secret_arn", "port"]}


def test_the_log_tells_the_story_in_sentences(place):
    place.run(ECHO, {"word": "x"})
    told = [line.partition(" [id=")[0] for line in place.lines]
    assert told == [
        "Preparing Terraform",
        "terraform_data.echo: Plan to create",
        "Plan: 1 to add, 0 to change, 0 to destroy.",
        "terraform_data.echo: Creating...",
        "terraform_data.echo: Creation complete after 0s",
        "Apply complete! Resources: 1 added, 0 changed, 0 destroyed.",
    ]


def test_a_second_run_over_the_same_state_builds_nothing_new(place):
    first, second = (place.run(example("postgres"), PORTAL) for _ in range(2))
    assert (second.outputs, place.lines[-1]) == (first.outputs, "Apply complete! Resources: 0 added, 0 changed, 0 destroyed.")


def test_what_is_marked_sensitive_anywhere_in_an_output_stays_so(place):
    assert place.run(SECRETS).sensitive == {"declared", "nested"}


def test_a_sensitive_output_keeps_its_value(place):
    assert place.run(SECRETS).outputs["declared"] == "hush"


def test_no_log_line_shows_a_sensitive_value(place):
    place.run(SECRETS)
    assert not any("hush" in line for line in place.lines)


def test_what_the_catalog_declares_sensitive_is_so_whatever_the_module_says(place):
    assert place.run(ECHO, {"word": "x"}, declared={"word": {"type": "string", "sensitive": True}}).sensitive == {"word"}


def test_a_declared_output_that_the_module_lacks_is_told(place):
    outcome = place.run(ECHO, {"word": "x"}, declared={"endpoint": {"type": "string"}})
    assert (outcome.kind, outcome.details, outcome.retryable) == ("output_missing", {"missing": ["endpoint"]}, False)


def test_a_declared_default_stands_in_for_an_output_that_the_module_lacks(place):
    outcome = place.run(ECHO, {"word": "x"}, declared={"port": {"type": "integer", "default": 5432}})
    assert outcome.outputs == {"word": "x", "port": 5432}


def test_a_module_without_outputs_is_done(place):
    assert place.run('resource "terraform_data" "only" {}') == Done(evidence={"resource_count": 1, "outputs": []})


def test_values_arrive_as_they_were_sent(place):
    values = [
        "${path.cwd}",
        "%{ if true }x%{ endif }",
        'a"\n}',
        "$${x}",
        "Größe 東京",
        3,
        1.5,
        True,
        None,
        [1, "a"],
        {"k": {"n": None}},
    ]
    assert place.run('variable "words" {}\noutput "words" { value = var.words }', {"words": values}).outputs == {
        "words": values
    }


def test_a_value_of_none_leaves_the_default_of_the_module(place):
    module = 'variable "word" { default = "the default" }\noutput "word" { value = var.word }'
    assert place.run(module, {"word": None}).outputs == {"word": "the default"}


def test_a_nul_character_in_an_output_is_replaced(place):
    assert place.run('output "word" { value = jsondecode("\\"a\\\\u0000b\\"") }').outputs == {"word": "a\ufffdb"}


def contents(folder):
    """Every file below, and what the plan packs."""
    yield from (path.read_bytes() for path in folder.rglob("*") if path.is_file())
    with ZipFile(folder / "tfplan") as plan:
        yield from (plan.read(name) for name in plan.namelist())


def test_the_password_of_the_state_lies_in_no_file(place):
    with place.context(ECHO, {"word": "x"}) as context:
        TerraformFile().run(context)
        assert not [content for content in contents(context.workdir) if context.state.password.encode() in content]


def test_every_file_of_a_run_is_readable_by_its_owner_only(place):
    place.run(ECHO, {"word": "x"})
    assert not [path for path in place.workdir.rglob("*") if stat.S_IMODE(path.lstat().st_mode) & 0o077]


def test_a_run_sees_nothing_of_the_environment_of_the_worker(place, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://canary")
    place.run(ENVIRONMENT)
    seen = {line.partition("(local-exec): ")[2].partition("=")[0] for line in place.lines}
    assert "TF_HTTP_ADDRESS" in seen
    assert "DATABASE_URL" not in seen


def test_the_state_is_written_to_the_backend_and_nowhere_else(place):
    place.run(ECHO, {"word": "x"})
    assert json.loads(place.store.states[place.step])["outputs"]["values"]["value"] == {"word": "x"}
    assert not list(place.workdir.rglob("*.tfstate.backup"))


def test_another_backend_is_used_as_the_catalog_names_it(place):
    elsewhere = {"backend_config": {"type": "http", "address": f"{place.server.address}/nobody"}}
    outcome = place.run(ECHO, {"word": "x"}, template=elsewhere)
    assert "requires auth" in outcome.message


@pytest.mark.parametrize("configured", ["/nowhere/terraform", "terraform-that-is-not-there", "'unbalanced"])
def test_a_missing_program_is_told_in_a_sentence_and_not_tried_again(place, configured):
    outcome = place.run(ECHO, {"word": "x"}, settings=replace(SETTINGS, terraform_binary=configured))
    assert (outcome.kind, outcome.retryable) == ("terraform_missing", False)
    assert "TERRAFORM_BINARY" in outcome.message


def test_an_empty_path_has_no_program(place, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert place.run(ECHO, {"word": "x"}, settings=replace(SETTINGS, terraform_binary="")).kind == "terraform_missing"


def test_the_program_may_be_a_command_line(place):
    settings = replace(SETTINGS, terraform_binary=f"env -u NOTHING {BINARY or 'terraform'}")
    assert place.run(ECHO, {"word": "x"}, settings=settings).outputs == {"word": "x"}


def test_a_step_without_a_module_fails_at_once(place):
    assert place.run(None) == Failed("This step pins no Terraform module.", "terraform_module", retryable=False)


def test_a_plugin_cache_that_cannot_be_made_is_told_in_a_sentence(place, tmp_path):
    (tmp_path / "file").touch()
    settings = replace(SETTINGS, terraform_plugin_cache=tmp_path / "file" / "cache")
    outcome = place.run(ECHO, {"word": "x"}, settings=settings)
    assert (outcome.kind, outcome.message) == ("worker_error", "The worker could not prepare the run: Not a directory.")


def test_a_poll_of_a_run_that_waits_for_nothing_is_a_bug(place):
    with place.context(None, {}) as context, pytest.raises(KeyError):
        TerraformFile().poll(context)


def test_a_provider_lock_file_of_the_module_is_heeded(place):
    locked = archive({"main.tf": ECHO, ".terraform.lock.hcl": "# the author's own\n"})
    place.run(locked, {"word": "x"}, budget=timedelta(seconds=60))
    assert (place.workdir / ".terraform.lock.hcl").read_text() == "# the author's own\n"
