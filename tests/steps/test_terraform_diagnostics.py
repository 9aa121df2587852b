"""From Terraform's diagnostics to a failed step, as a table."""

import pytest

from app.steps.terraform.diagnostics import brief, failed, message, resource

SECOND = {"match": "(?i)quota", "error_code": "QuotaExceeded", "advice": "Ask for more."}


def diagnostic(summary="Failed", detail="", **more):
    return {"severity": "error", "summary": summary, "detail": detail, **more}


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        ({"address": "module.main.aws_db_subnet_group.postgres"}, "aws_db_subnet_group.postgres"),
        ({"address": 'module.main.module.net.aws_subnet.a["x"]'}, 'module.net.aws_subnet.a["x"]'),
        ({"snippet": {"context": 'resource "aws_db_subnet_group" "postgres"'}}, "aws_db_subnet_group.postgres"),
        ({"snippet": {"context": 'data "aws_vpc" "main"'}}, "data.aws_vpc.main"),
        ({"snippet": {"context": 'variable "name"'}}, None),
        ({"snippet": {"context": None}}, None),
        ({"snippet": None}, None),
        ({}, None),
    ],
)
def test_the_resource_is_read_from_address_or_context(about, expected):
    assert resource(diagnostic(**about)) == expected


@pytest.mark.parametrize(
    ("summary", "detail", "expected"),
    [
        ("Resource precondition failed", "The name is taken.", "The name is taken."),
        ("Something broke", "", "Something broke"),
        ("Bad", "Too big.\n\nThis was checked by the validation rule at module/main.tf:3,3-13.", "Too big."),
        ("", "", "Terraform reported an error"),
    ],
)
def test_the_message_is_the_detail_else_the_summary(summary, detail, expected):
    assert message(diagnostic(summary, detail)) == expected


def test_a_brief_diagnostic_quotes_no_values():
    noisy = diagnostic(
        detail="No.",
        range={"filename": "module/main.tf", "start": {"line": 7}},
        snippet={"context": 'resource "a" "b"', "code": "secret", "values": [{"statement": "is secret"}]},
    )
    assert brief(noisy) == {
        "severity": "error",
        "summary": "Failed",
        "detail": "No.",
        "resource": "a.b",
        "place": "module/main.tf:7",
    }


def test_the_first_error_is_told():
    outcome = failed([{**diagnostic("Old"), "severity": "warning"}, diagnostic("One"), diagnostic("Two")], [], "")
    assert (outcome.message, len(outcome.details["diagnostics"])) == ("One", 3)


def test_an_error_that_the_catalog_knows_is_told_before_others():
    outcome = failed([diagnostic("One"), diagnostic("Two", "Over QUOTA")], [SECOND], "")
    assert (outcome.message, outcome.details["error_code"], outcome.details["advice"]) == (
        "Over QUOTA",
        "QuotaExceeded",
        "Ask for more.",
    )


def test_an_unknown_error_has_no_code():
    assert "error_code" not in failed([diagnostic("One")], [SECOND], "").details


def test_without_any_diagnostic_what_the_program_said_is_told():
    outcome = failed([], [SECOND], "panic: quota")
    assert (outcome.message, outcome.details) == ("panic: quota", {"error_code": "QuotaExceeded", "advice": "Ask for more."})


def test_only_so_many_diagnostics_of_such_a_length_are_kept():
    outcome = failed([diagnostic("x", "y" * 10_000)] * 50, [], "")
    assert len(outcome.details["diagnostics"]) == 20
    assert len(outcome.message) == len(outcome.details["diagnostics"][0]["detail"]) == 4000
