"""What machines and documents say, as sentences of a page."""

from datetime import timedelta

import pytest

from app.web.phrases import Block, as_told, blocks, cause, failed, in_time, listed, who_said


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (
            "Error creating RDS instance: subnet group conflicts with existing resources",
            "subnet group conflicts with existing resources",
        ),
        ("Error: Error creating it: no room.", "no room"),
        ("failed to fetch the artifact: it has expired", "it has expired"),
        ("The host name is too long.", "the host name is too long"),
        ("Terraform is missing on this worker", "Terraform is missing on this worker"),
        ("the call got 500: try later", "the call got 500: try later"),
        ("first line\nsecond line", "first line"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("", "it gave no reason"),
        ("  \n ", "it gave no reason"),
    ],
)
def test_a_cause_is_the_end_of_a_sentence(told: str, said: str):
    assert cause(told) == said


def test_an_endless_cause_is_cut():
    assert len(cause("x" * 10_000)) == 140


@pytest.mark.parametrize(
    ("names", "said"),
    [([], ""), (["A"], "A"), (["A", "B"], "A and B"), (list("ABCD"), "A, B, C and D"), (list("ABCDE"), "A, B, C and 2 more")],
)
def test_names_are_listed_as_people_list_them(names: list[str], said: str):
    assert listed(names) == said


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("Do it\nwith care", [Block("p", ("Do it with care",))]),
        ("One\n\nTwo", [Block("p", ("One",)), Block("p", ("Two",))]),
        ("1. Find it\n2. Use\n   it\n", [Block("ol", ("Find it", "Use it"))]),
        (
            "First:\n- this\n* that\nThen go on",
            [Block("p", ("First:",)), Block("ul", ("this", "that")), Block("p", ("Then go on",))],
        ),
        ("1) One\n\n2) Two", [Block("ol", ("One", "Two"))]),
        ("2.5 GB are enough", [Block("p", ("2.5 GB are enough",))]),
    ],
)
def test_instructions_become_paragraphs_and_lists(text: str, found: list[Block]):
    assert blocks(text) == found


def test_an_error_is_told_with_all_it_has():
    told = as_told({"type": "http_error", "message": "no \x1b[31mroom", "details": {"status": 500, "code": "NoRoom"}})
    assert told == "no room\ntype: http_error\nstatus: 500\ncode: NoRoom"


def test_what_creates_could_not_be_created_and_the_rest_failed():
    assert failed("PostgreSQL", "TerraformFile") == "PostgreSQL could not be created"
    assert failed("Connections", "HttpPost") == "Connections failed"


def test_every_type_of_step_has_somebody_who_speaks():
    assert [who_said(one) for one in ("TerraformFile", "GitHubWorkflow", "HttpGet", "Unknown")] == [
        "What Terraform said",
        "What GitHub said",
        "What the other system said",
        "What the step said",
    ]


def test_what_took_no_second_says_nothing_of_time():
    assert in_time(timedelta(milliseconds=900)) == ""
    assert in_time(timedelta(seconds=150), "after") == " after 2 min 30 s"
