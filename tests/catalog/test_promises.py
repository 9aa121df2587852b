"""Checks, roll back and limits in a document: what loads, and the place and remedy of what does not."""

import re
import textwrap

import pytest
import yaml
from jsonschema import Draft202012Validator

from app.catalog.json_schema import json_schema
from app.catalog.loader import load
from app.catalog.yaml12 import read
from tests.catalog.folders import AUTOMATION, BUNDLE_FILE, ITEM_FILE, STEP, change, with_checks, write
from tests.pages import page


def told(folder, file=ITEM_FILE):
    lines = (folder / file).read_text().splitlines()
    found = load(folder).faults
    return [(lines[one.line - 1][one.column - 1 :], one.message, one.remedy) for one in found]


def test_all_of_it_loads(folder):
    catalog = load(with_checks(folder))
    assert catalog.faults == ()
    definition = catalog.items["postgres-database"].definition
    assert definition["fulfillment"]["rollback"] == {"order": "reverse", "on": "failure"}
    assert definition["limits"] == {"concurrent": 2}


UNDOING = "          type: HttpPost\n          template:\n"
TYPES = "type must be one of http, tcp, dns, expression, unique, quota"
FAULTS = [
    ("type: dns", "type: dsn", "dsn, ", TYPES, "did you mean dns?"),
    ("type: dns, host", "type: unique, value", "{name", "within is missing", "add it"),
    (
        "type: dns, host: ",
        "type: quota, resource: dsiks, title: ",
        "dsiks",
        "there is no resource under quota called dsiks",
        "",
    ),
    ("type: dns, host: ", "type: quota, leave: 2, title: ", "{name", "must name the resource", "name one"),
    ("type: dns, ", "", "{name", "type is missing", "write one of http, tcp, dns, expression, unique, quota"),
    (
        "{name: listens, type: tcp",
        "{name: listens, type: dns",
        "dns, ",
        "type must be one of http, tcp",
        "write one of http, tcp",
    ),
    ("host: registry.example.com", "hots: registry.example.com", "hots:", "hots is not known here", "did you mean host?"),
    (
        "host: registry.example.com",
        'host: "https://registry"',
        '"https',
        "host must be the name of a host alone",
        "correct the value",
    ),
    ("port: 443", "port: 99999", "99999", "port must be at most 65535", "correct the value"),
    ("port: 443", "port: https", "https}", "port must be a whole number", "correct the value"),
    ("url: https://vault", "url: ftp://vault", "ftp:", "url must be an address that begins with http", "correct the value"),
    ("every: 5s", "every: 0s", "0s", "every must be at least 1s", "correct the value"),
    ("within: 1m", "within: soon", "soon", "within must be a whole number and a unit", "correct the value"),
    ("when: size <= 8", "when: size <=", "size <=", "", "correct the expression"),
    ("when: size <= 8", "when: sise <= 8", "sise", "sise is unknown", "did you mean size?"),
    ("when: size <= 8", "when: secrets.vault", "secrets", "secrets.vault is unknown", "known here are "),
    ("name: registry", "name: vault_answers", "name:", "there are two checks vault_answers", "rename one of them"),
    ("name: registry", "name: announce", "name:", "announce is the name of a step", "rename the check"),
    (
        '"{{ database_name }}.example.com"',
        '"{{ steps.announce.outputs.id }}"',
        '"{{ steps',
        "steps.announce.outputs.id is unknown",
        "nothing is built yet when this is looked at",
    ),
    ('outputs.address }}", port', 'outputs.adress }}", port', '"{{ steps', "there is no adress", "did you mean address?"),
    ("rollback: {on: failure}", "rollback: {on: success}", "success", "on must be 'request' or 'failure'", "correct the value"),
    ("concurrent: 2", "per_team: -1", "-1}", "per_team must be at least 0", "correct the value"),
    ("concurrent: 2", "per_user: some", "some}", "per_user must be a whole number", "correct the value"),
    ("concurrent: 2", "concurrent: 0", "0}", "concurrent must be at least 1", "correct the value"),
    (
        "          type: HttpPost\n          template:",
        "          type: TerraformFile\n          template:\n",
        "TerraformFile",
        "type may not be TerraformFile",
        "leave rollback out",
    ),
    (
        "          type: HttpPost\n          template:",
        "          type: HttpPots\n          template:\n",
        "HttpPots",
        "type must be a step type",
        "did you mean HttpPost?",
    ),
    (
        "          type: HttpPost\n          template:",
        "          type: none\n          template:\n",
        "type: none",
        "rollback has a template",
        "correct the value",
    ),
    ("            body: ", "            bdoy: 1 #", "bdoy", "bdoy is not known here", "did you mean body?"),
    ("outputs.id }}", "outputs.di }}", '"https', "there is no di in steps.announce.outputs", "a rollback reads its own step"),
]


@pytest.mark.parametrize(("old", "new", "place", "message", "remedy"), FAULTS)
def test_a_fault_names_its_place_and_its_remedy(folder, old, new, place, message, remedy):
    change(with_checks(folder), ITEM_FILE, old, new)
    found = [one for one in told(folder) if one[0].startswith(place)]
    assert found, told(folder)
    assert message in found[0][1]
    assert found[0][2].startswith(remedy)


def test_a_rollback_reads_what_its_step_waited_for_and_nothing_else(folder):
    back = '        rollback: {type: HttpPost, template: {url: "https://a.example.com/{{ steps.announce.outputs.id }}"}}\n'
    change(with_checks(folder), ITEM_FILE, "        type: TerraformFile\n", "        type: TerraformFile\n" + back)
    ((_, message, remedy),) = told(folder)
    assert message == "steps.announce.outputs.id is unknown: there is no announce in steps"
    assert remedy == "a rollback reads its own step, and what that step waits for: add it to depends_on"


def test_a_step_may_say_that_there_is_nothing_to_take_back(folder):
    change(folder, ITEM_FILE, STEP, STEP + "        rollback: {type: none}\n")
    assert load(folder).faults == ()


def test_a_bundle_reads_no_item_before_it_is_built(folder):
    change(with_checks(folder), BUNDLE_FILE, "or items.redis.selected", "or items.postgres.outputs.address")
    ((_, message, remedy),) = told(folder, BUNDLE_FILE)
    assert message == "items.postgres.outputs.address is unknown: there is no outputs in items.postgres"
    assert remedy.startswith("nothing is built yet")


def test_a_bundle_is_limited_by_its_items(folder):
    change(folder, BUNDLE_FILE, "presentation:\n", "limits: {concurrent: 2}\npresentation:\n")
    ((place, message, remedy),) = told(folder, BUNDLE_FILE)
    assert (place[:6], message, remedy) == ("limits", "limits is not known here", "write it into the items of the bundle")


@pytest.mark.parametrize("key", ["preflight", "health_checks"])
def test_a_check_that_is_no_mapping_is_a_fault(folder, key):
    change(folder, ITEM_FILE, AUTOMATION, textwrap.indent(f"{key}: [vault]\n", "  ") + AUTOMATION)
    assert told(folder)[0][1:] == (f"{key}[0] must be a mapping", "correct the value")


def test_the_names_that_run_checks_are_no_step_types(folder):
    change(folder, ITEM_FILE, STEP, "        type: HttpCheck\n")
    assert any(message == "type must be a step type" for _, message, _ in told(folder))


def test_the_schema_of_editors_takes_all_of_it(folder):
    for entry in load(with_checks(folder)).entries:
        assert list(Draft202012Validator(json_schema(entry.kind)).iter_errors(entry.document)) == []


def test_the_schema_of_editors_knows_what_a_check_needs(folder):
    document = load(with_checks(folder)).items["postgres-database"].document
    document["fulfillment"]["preflight"][0] = {"name": "vault", "type": "http"}
    assert list(Draft202012Validator(json_schema("item")).iter_errors(document))


# The examples of the guide

EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", page("docs/catalog.md").text, re.MULTILINE | re.DOTALL)
AROUND = """
name: "Example"
version: "1.0.0"
description: "Around an example of the guide"
owner: "platform-data-team"
presentation:
  fields: [{name: app_name, type: string}, {name: allocated_storage, type: integer}, {name: environment, type: string}]
fulfillment:
  manual: {system: internal, template: {title: "By hand"}}
  automation:
    steps:
      - name: provision_postgres
        type: HttpPost
        template: {url: "https://databases.example.com"}
        outputs: {host: {}, port: {type: integer}, password: {sensitive: true}}
"""


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_of_the_guide_loads(tmp_path, example):
    written, document = read(example.encode()).data, read(AROUND.encode()).data
    if isinstance(written, list):
        document["fulfillment"]["automation"]["steps"] += written
    else:
        document["fulfillment"] |= written.pop("fulfillment", {})
    text = yaml.safe_dump(document if isinstance(written, list) else document | written)
    write(tmp_path, "examples/example.yaml", text)
    write(tmp_path, "modules/chart/main.tf", 'variable "password" {}\nvariable "values_file" {}\n')
    write(tmp_path, "modules/database/main.tf", 'output "host" { value = "db.example.com" }\n')
    assert [str(fault) for fault in load(tmp_path).faults] == []


def test_the_guide_has_an_example_of_each():
    assert len(EXAMPLES) == 17


def test_what_checks_compare_is_no_secret(folder):
    change(
        with_checks(folder),
        ITEM_FILE,
        'type: dns, host: "{{ database_name }}',
        'type: unique, within: all, value: "{{ admin_password }}',
    )
    change(folder, ITEM_FILE, "  fields:\n", "  fields:\n    - {name: admin_password, type: secret}\n")
    assert [message for _, message, _ in told(folder)] == ["value is made of a secret, and what is compared is none"]
