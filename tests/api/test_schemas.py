"""GET /schemas/{kind}."""

import pytest
import yaml
from jsonschema import Draft202012Validator

from config import HERE


@pytest.mark.parametrize(("kind", "path"), [("item", "databases/postgres-database"), ("bundle", "bundles/full-stack-web-app")])
def test_a_document_of_the_catalog_fits_its_schema(sarah, kind, path):
    schema = sarah.get(f"/api/v1/schemas/{kind}").json
    Draft202012Validator.check_schema(schema)
    document = yaml.safe_load((HERE / f"catalog/{path}.yaml").read_text())
    assert [error.message for error in Draft202012Validator(schema).iter_errors(document)] == []


def test_a_wrong_document_does_not_fit(sarah):
    schema = sarah.get("/api/v1/schemas/item").json
    assert list(Draft202012Validator(schema).iter_errors({"name": "Nothing else"}))


def test_another_kind_is_not_found(sarah):
    assert sarah.get("/api/v1/schemas/quota").status_code == 404
