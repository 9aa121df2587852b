"""The JSON Schema that editors use says what the loader says."""

import json

import jsonschema
import pytest
import yaml

from app.catalog.json_schema import json_schema, text, write
from app.core.step_params import step_types
from config import HERE
from tests.catalog.folders import BUNDLE, CACHE, ITEM


def faults(kind, document):
    return list(jsonschema.Draft202012Validator(json_schema(kind)).iter_errors(document))


@pytest.mark.parametrize("kind", ["item", "bundle", "quotas"])
def test_the_shipped_schema_is_current(kind):
    assert (HERE / f"docs/schema/{kind}.json").read_text() == text(kind), "run: flask catalog schema docs/schema"


@pytest.mark.parametrize("kind", ["item", "bundle", "quotas"])
def test_it_is_a_schema(kind):
    jsonschema.Draft202012Validator.check_schema(json_schema(kind))


@pytest.mark.parametrize(("kind", "document"), [("item", ITEM), ("item", CACHE), ("bundle", BUNDLE)])
def test_sound_documents_fit(kind, document):
    assert faults(kind, yaml.safe_load(document)) == []


def test_quotas_fit():
    assert faults("quotas", {"default": {"vcpu": 40}, "warn_at": 0.9}) == []
    assert faults("quotas", {"default": {"vcpu": "many"}})


def test_the_shipped_catalog_fits(shipped_catalog):
    for entry in shipped_catalog.entries:
        assert faults(entry.kind, entry.document) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("owner:", "ownr:"),
        ("type: TerraformFile", "type: Terraform"),
        ("module_source:", "source:"),
        ("type: string", "type: strng"),
        ("max_value: 10", "max_valu: 10"),
    ],
)
def test_what_the_loader_refuses_does_not_fit(old, new):
    assert faults("item", yaml.safe_load(ITEM.replace(old, new, 1)))


def test_an_expression_may_stand_for_any_value_of_a_template():
    document = yaml.safe_load(ITEM)
    document["fulfillment"]["automation"]["steps"][1]["template"]["idempotent"] = "{{ size > 1 }}"
    assert faults("item", document) == []


def test_every_step_type_has_its_template():
    conditions = json_schema("item")["$defs"]["Step"]["allOf"]
    assert [one["if"]["properties"]["type"]["const"] for one in conditions] == step_types()


def test_it_is_written_a_file_a_kind(tmp_path):
    assert [json.loads(path.read_text())["title"] for path in write(tmp_path / "schema")] == [
        "Stratus catalog item",
        "Stratus catalog bundle",
        "Stratus quotas",
    ]
