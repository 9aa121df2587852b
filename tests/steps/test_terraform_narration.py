"""From the stream of `terraform … -json` to log lines, as a table."""

import json

import pytest

from app.steps.terraform.narration import Narration, parse


def told(*events, silent=frozenset()):
    lines = []
    narration = Narration(lines.append, silent=silent)
    for event in events:
        narration.take(event if isinstance(event, bytes) else json.dumps(event).encode())
    return lines, narration


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("apply_start", "module.main.aws_vpc.a: Creating...", ["aws_vpc.a: Creating..."]),
        (
            "apply_progress",
            "module.main.aws_vpc.a: Still creating... [10s elapsed]",
            ["aws_vpc.a: Still creating... [10s elapsed]"],
        ),
        ("change_summary", "Plan: 1 to add, 0 to change, 0 to destroy.", ["Plan: 1 to add, 0 to change, 0 to destroy."]),
        ("log", "- Installing hashicorp/aws v6.1.0...", ["- Installing hashicorp/aws v6.1.0..."]),
        ("log", "- main in module", []),
        ("version", "Terraform 1.11.4", []),
        ("outputs", "Outputs: 2", []),
        ("refresh_start", "module.main.aws_vpc.a: Refreshing state... [id=x]", []),
        ("provision_progress", "a: (local-exec): one\n\ntwo", ["a: (local-exec): one", "two"]),
        ("something_new", "whatever", []),
    ],
)
def test_an_event_becomes_its_lines(kind, text, expected):
    assert told({"type": kind, "@message": text})[0] == expected


def test_a_diagnostic_is_told_with_its_detail_and_kept():
    lines, narration = told(
        {"type": "diagnostic", "@message": "Error: No", "diagnostic": {"severity": "error", "detail": "Why"}}
    )
    assert (lines, narration.diagnostics) == (["Error: No: Why"], [{"severity": "error", "detail": "Why"}])


def test_what_was_done_is_kept():
    hook = {"resource": {"addr": "module.main.aws_vpc.a"}, "action": "create", "id_value": "vpc-1"}
    _, narration = told({"type": "apply_complete", "@message": "done", "hook": hook})
    assert narration.done == [{"resource": "aws_vpc.a", "action": "create", "id": "vpc-1"}]


@pytest.mark.parametrize(("operation", "applied"), [("apply", True), ("plan", False), (None, False)])
def test_only_the_summary_of_an_apply_says_that_all_is_built(operation, applied):
    _, narration = told({"type": "change_summary", "@message": "done", "changes": {"operation": operation}})
    assert narration.applied is applied


def test_events_that_were_told_before_are_not_told_again():
    assert told({"type": "planned_change", "@message": "x"}, silent=frozenset({"planned_change"}))[0] == []


@pytest.mark.parametrize("line", [b"[1, 2]", b"3", b'"text"', b"null"])
def test_json_that_is_no_event_is_kept_as_text_or_dropped(line):
    lines, narration = told(line)
    assert (lines, narration.diagnostics) == ([], [])


def test_plain_text_is_kept_without_colours():
    assert told(b"\x1b[31mpanic: no\x1b[0m", b"  ", b"\xff\x00")[1].text == ["panic: no", "\ufffd\ufffd"]


@pytest.mark.parametrize(
    ("line", "value"),
    [(rb'"a\u0000b"', "a\ufffdb"), (rb'"\u0000\u0000"', "\ufffd\ufffd"), (rb'"a\\u0000"', "a\\u0000"), (b"nonsense", None)],
)
def test_nul_characters_are_replaced(line, value):
    assert parse(line) == value
