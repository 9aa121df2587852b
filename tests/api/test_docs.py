"""The description of the API, and the page that draws it."""

import re

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from config import HERE

DESCRIPTION = "/api/v1/openapi.json"


def test_the_description_is_valid_openapi(nobody):
    document = nobody.get(DESCRIPTION).json
    assert document["openapi"].startswith("3.1")
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_every_endpoint_is_described(nobody, app):
    document = nobody.get(DESCRIPTION).json
    told = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    routes = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/v1/") and rule.rule != DESCRIPTION
    }
    assert routes - told == set(), "decorate these views with @endpoint of app.api.endpoint"


def test_every_endpoint_and_parameter_says_what_it_is(nobody):
    document = nobody.get(DESCRIPTION).json
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"].endswith("."), f"{method} {path}: give the view a docstring"
            silent = [parameter["name"] for parameter in operation["parameters"] if not parameter["description"]]
            assert not silent, f"{method} {path}: describe {silent}"


def test_names_of_schemas_are_plain(nobody):
    schemas = nobody.get(DESCRIPTION).json["components"]["schemas"]
    assert [name for name in schemas if not re.fullmatch(r"[A-Z][A-Za-z]+", name)] == []


def test_what_anybody_may_call_needs_no_token(nobody):
    paths = nobody.get(DESCRIPTION).json["paths"]
    open_paths = {path for path, methods in paths.items() for operation in methods.values() if operation["security"] == []}
    assert open_paths == {"/api/v1/health", "/api/v1/health/live", "/api/v1/health/ready"}


def test_an_unchanged_description_is_not_sent_again(nobody):
    tag = nobody.get(DESCRIPTION).headers["ETag"]
    assert nobody.get(DESCRIPTION, headers={"If-None-Match": tag}).status_code == 304


def test_the_page_draws_the_description_from_local_files(nobody):
    answer = nobody.get("/api/docs")
    assert f'data-description="{DESCRIPTION}"' in answer.text
    sources = re.findall(r'(?:src|href)="([^"]+\.(?:js|css|svg))"', answer.text)
    assert sources
    for source in sources:
        assert (HERE / source.removeprefix("/")).is_file()


def test_the_page_runs_nothing_inline(nobody):
    answer = nobody.get("/api/docs")
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "script-src 'self';" in policy
    assert re.findall(r"<script(?![^>]*\bsrc=)", answer.text) == []
    assert re.findall(r"\son\w+=|\sstyle=", answer.text) == []


@pytest.mark.usefixtures("synced_catalog")
def test_the_examples_of_an_order_are_good_orders(nobody, sarah):
    for example in nobody.get(DESCRIPTION).json["components"]["schemas"]["Order"]["examples"]:
        assert sarah.post("/api/v1/requests/validate", json=example).json["errors"] == []
