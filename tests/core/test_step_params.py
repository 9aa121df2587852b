"""The parameters of each step type as a table: what a document may say, and what is wrong with the rest."""

import pytest
from pydantic import ValidationError

from app.core.step_params import (
    CHECKS,
    STEP_PARAMS,
    VERIFICATIONS,
    check_template,
    check_verification,
    parse,
    step_types,
    undo_of,
)

GOOD = {
    "TerraformFile": {"module_source": "./modules/postgres", "variables": {"size": "{{ size }}"}, "workspace": "staging"},
    "GitHubWorkflow": {"repository": "platform/monitoring", "workflow_id": "setup.yml", "inputs": {"name": "x", "count": 2}},
    "HttpPost": {
        "url": "https://api.example.com/v1",
        "body": {"a": None},
        "expect": {"status": [200, 201]},
        "idempotent": True,
    },
    "HttpPut": {"url": "https://api.example.com/v1", "authentication": {"type": "bearer", "token": "{{ secrets.api }}"}},
    "HttpGet": {"url": "https://api.example.com/v1", "headers": {"X-Trace": "{{ request.request_id }}"}},
    "JiraTicket": {"project": "PLATFORM", "issue_type": "Task", "summary": "A database"},
    "ManualTask": {"instructions": "Look at it", "due": "2d", "answers": [{"name": "rack", "type": "string"}]},
    "HttpCheck": {"url": "https://api.example.com/health", "status": [200, 204], "within": 300, "every": 10.5},
    "TcpCheck": {"host": "{{ steps.a.outputs.host }}", "port": "5432", "message": "It does not listen."},
    "DnsCheck": {"host": "db.example.com"},
    "ExpressionCheck": {"when": "{{ size < 10 }}", "expression": "size < 10"},
    "UniqueCheck": {"value": "{{ host }}", "among": "team", "named": "free"},
    "QuotaCheck": {"resource": "vcpu", "leave": 2},
}


def said(faults):
    return [(fault.pointer, fault.code) for fault in faults]


def test_every_step_type_has_an_example_here():
    assert set(GOOD) == set(STEP_PARAMS) == set(VERIFICATIONS)


@pytest.mark.parametrize(("step_type", "template"), GOOD.items())
def test_a_good_template_has_no_faults(step_type, template):
    assert check_template(step_type, template) == []


@pytest.mark.parametrize(
    ("step_type", "template", "faults"),
    [
        ("TerraformFile", {}, [("/module_source", "required")]),
        ("TerraformFile", {"module_source": 3}, [("/module_source", "type")]),
        ("TerraformFile", {"module_source": "./m", "varables": {}}, [("/varables", "unknown_field")]),
        ("GitHubWorkflow", {"repository": "monitoring", "workflow_id": "x.yml"}, [("/repository", "regexp")]),
        ("GitHubWorkflow", {"repository": "a/b", "workflow_id": "x", "inputs": {"a": [1]}}, [("/inputs/a", "type")]),
        ("HttpPost", {"url": "ftp://example.com"}, [("/url", "regexp")]),
        ("HttpPost", {"url": "https://a.example.com", "idempotent": "yes"}, [("/idempotent", "type")]),
        ("HttpPost", {"url": "https://a.example.com", "expect": {"status": 99}}, [("/expect/status", "min_value")]),
        ("HttpPost", {"url": "https://a.example.com", "expect": {"status": [200, "x"]}}, [("/expect/status/1", "type")]),
        ("HttpPost", {"url": "https://a.example.com", "authentication": {"type": "magic"}}, [("/authentication", "oneof")]),
        (
            "HttpPost",
            {"url": "https://a.example.com", "authentication": {"type": "basic", "username": "a"}},
            [("/authentication/password", "required")],
        ),
        ("ManualTask", "look at it", [("", "type")]),
        ("TcpCheck", {"host": "db.example.com", "port": 70000}, [("/port", "max_value")]),
        ("HttpCheck", {"url": "https://a.example.com", "every": 0}, [("/every", "min_value")]),
    ],
)
def test_a_bad_template_names_the_place(step_type, template, faults):
    assert said(check_template(step_type, template)) == faults


@pytest.mark.parametrize(
    "template",
    [
        {"url": "{{ address }}"},
        {"url": "https://{{ host }}/v1", "idempotent": "{{ again }}"},
        {"url": "https://a.example.com", "headers": "{{ headers }}"},
        {"url": "https://a.example.com", "expect": {"status": "{{ code }}"}},
        {"url": "https://a.example.com", "authentication": "{{ secrets.auth }}"},
    ],
)
def test_text_with_an_expression_is_not_judged_yet(template):
    assert check_template("HttpPost", template) == []


def test_an_unknown_key_is_told_the_one_that_was_meant():
    (fault,) = check_template("HttpPost", {"url": "https://a.example.com", "boddy": {}})
    assert fault.limits["remedy"] == "did you mean body?"


def test_a_fault_never_shows_the_value():
    (fault,) = check_template("HttpPost", {"url": "https://a.example.com", "idempotent": "s3cret"})
    assert "s3cret" not in str(fault)


def test_a_rendered_template_becomes_parameters():
    assert parse("HttpPost", {"url": "https://a.example.com"}).model_dump()["idempotent"] is False


def test_a_rendered_template_must_fit_exactly():
    with pytest.raises(ValidationError):
        parse("HttpPost", {"url": "https://a.example.com", "idempotent": "true"})


@pytest.mark.parametrize(
    ("step_type", "verification"),
    [
        ("TerraformFile", {"type": "terraform_state", "resource_count": 3, "required_outputs": ["address"]}),
        ("GitHubWorkflow", {"type": "workflow_status"}),
        ("GitHubWorkflow", {"type": "artifact_exists", "name": "outputs"}),
        ("HttpPost", {"type": "http_status", "status": 201}),
        ("HttpGet", {"type": "response_body", "path": "$.state", "equals": "ready"}),
        ("HttpPut", {"type": "headers_present", "headers": ["Location"]}),
        ("JiraTicket", {"type": "ticket_status", "status": ["Done", "Closed"]}),
    ],
)
def test_each_kind_of_verification_is_known(step_type, verification):
    assert check_verification(step_type, verification) == []


@pytest.mark.parametrize(
    ("step_type", "verification", "faults"),
    [
        ("HttpPost", {"status": 201}, [("/type", "required")]),
        ("HttpPost", {"type": "http_statu", "status": 201}, [("/type", "oneof")]),
        ("HttpPost", {"type": "terraform_state"}, [("/type", "oneof")]),
        ("HttpPost", {"type": "http_status", "code": 201}, [("/code", "unknown_field"), ("/status", "required")]),
        ("HttpPost", "201", [("", "type")]),
        ("ManualTask", {"type": "http_status"}, [("", "unknown_field")]),
        ("TerraformFile", {"type": "terraform_state", "resource_count": "{{ n }}"}, [("/resource_count", "type")]),
    ],
)
def test_a_bad_verification_names_the_place(step_type, verification, faults):
    assert sorted(said(check_verification(step_type, verification))) == faults


def test_no_document_names_the_types_that_run_checks():
    assert set(step_types()) == set(STEP_PARAMS) - CHECKS


@pytest.mark.parametrize(
    ("step_type", "rollback", "undo"),
    [
        ("TerraformFile", None, "own"),
        ("HttpPost", None, "person"),
        ("HttpGet", None, "nothing"),
        ("TcpCheck", None, "nothing"),
        ("HttpPost", {"type": "HttpPost", "template": {}}, "rollback"),
        ("TerraformFile", {"type": "none"}, "nothing"),
    ],
)
def test_a_step_is_undone_as_its_type_and_the_catalog_say(step_type, rollback, undo):
    assert undo_of(step_type, rollback) == undo
