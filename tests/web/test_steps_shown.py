"""How each step looks in the picture: its state and for how long, in words and shapes."""

from datetime import timedelta
from typing import Any

import pytest

from app.queries.shapes import Attempt
from app.web.requests.steps_shown import checks, look, notes, picture
from tests.web.cases import NOON, at, case, check, claimed, event, resolved, step, ticket

POSTGRES = "provision_postgres"


def seen(
    status: str, who: str = "sarah-123", tickets: tuple[Any, ...] = (), events: tuple[Any, ...] = (), **more: Any
) -> tuple[str, ...]:
    about = step(POSTGRES, status, **more)
    found = look(case(step("provision_eks_app", "running"), about, who=who, tickets=tickets, events=events), about)
    return found.label.words, found.note, found.label.glyph


@pytest.mark.parametrize(
    ("status", "more", "words", "note"),
    [
        ("completed", {"started_at": at(22.5)}, "Done in 2 min 30 s", "Terraform"),
        ("running", {"started_at": at(8)}, "Running for 8 min", "Terraform"),
        ("running", {"started_at": at(8), "attempt": 2}, "Running for 8 min", "Terraform, attempt 2"),
        ("verifying", {}, "Checking the result", "Terraform"),
        ("waiting", {"type": "GitHubWorkflow"}, "Waiting on GitHub", "for 30 min"),
        ("waiting", {"retry_at": NOON + timedelta(seconds=20)}, "Tries again in 20 s", "Attempt 1 failed"),
        ("waiting", {"retry_at": at(1)}, "Tries again now", "Attempt 1 failed"),
        ("ready", {}, "Queued", "Next free worker"),
        ("pending", {"depends_on": ("step-001",)}, "Not started", "Waits for EKS app"),
        ("pending", {"depends_on": ("step-001", "step-002")}, "Not started", "Waits for 2 steps"),
        ("pending", {}, "Not started", ""),
        ("failed", {}, "Failed", "Terraform"),
        ("indeterminate", {}, "Finding out", "what became of it"),
        ("skipped", {}, "Skipped", ""),
        ("cancelled", {}, "Cancelled", ""),
    ],
)
def test_a_step_says_its_state_and_for_how_long(status: str, more: dict[str, Any], words: str, note: str):
    assert seen(status, **more)[:2] == (words, note)


def test_a_failure_says_after_how_long_and_whom_it_is_with():
    about = step(POSTGRES, "failed")
    events = (event(1, "step.running", 9, "step-002"), event(2, "step.failed", 6, "step-002"))
    assert seen("failed", tickets=(claimed(ticket(about)),), events=events)[:2] == (
        "Failed after 3 min",
        "With Carol since 11:57",
    )
    assert seen("failed", tickets=(ticket(about),), events=events)[1] == "platform-data-team"


def test_what_a_person_did_is_a_diamond_with_their_name():
    about = resolved(ticket(step(POSTGRES, "completed")))
    words, note, glyph = seen("completed", tickets=(about,), managed_by="person")
    assert (words, note, glyph) == ("Done by Carol in 4 min", "By hand after 1 attempt", "person-done")


def test_work_by_design_of_a_person_waits_for_them_and_is_theirs():
    about = ticket(step(POSTGRES, "waiting"), "carol-789", type="fulfillment")
    assert seen("waiting", "sarah-123", tickets=(about,))[0] == "Waiting on platform-data-team"
    assert seen("waiting", "carol-789", tickets=(about,))[0] == "Waits for you"


def test_the_time_of_a_step_counts_from_its_newest_attempt():
    events = (event(1, "step.running", 29, "step-002"), event(2, "step.running", 21, "step-002"))
    assert seen("completed", events=events)[0] == "Done in 1 min"


def test_every_box_leads_to_its_step():
    drawn = picture(case(step("provision_eks_app", "completed"), step("connect", "pending")))
    assert drawn.steps[0].href == "/requests/req-20250816-abc123?step=step-001#step"
    assert [edge.open for edge in drawn.wide.edges] == [False]


@pytest.mark.parametrize(
    ("status", "more", "words", "note"),
    [
        ("running", {"activity": "undo", "undo": "wanted"}, "Being undone", "Terraform"),
        ("waiting", {"activity": "undo", "undo": "wanted"}, "Being undone", "Terraform"),
        ("completed", {"activity": "undo", "undo": "wanted"}, "Is undone next", "Terraform"),
        ("completed", {"undo": "wanted", "started_at": None}, "Done", "Is undone later"),
        ("completed", {"undo": "kept", "started_at": None}, "Done", "Stays, a person said"),
        ("rolled_back", {}, "Rolled back", ""),
    ],
)
def test_a_roll_back_is_seen_on_each_step(status: str, more: dict[str, Any], words: str, note: str):
    assert seen(status, **more)[:2] == (words, note)


def test_a_check_says_whether_it_is_as_it_should_be():
    found = checks(
        case(step(POSTGRES, "running"), checks=(check("network", "completed"), check("answers", "waiting", "health")))
    )
    assert [(group["title"], group["rows"][0].look.label.words) for group in found] == [
        ("Before anything is built", "As it should be"),
        ("After the last step", "Looks again soon"),
    ]


def test_an_attempt_tells_what_is_known_and_what_came_too_late():
    late = Attempt(1, "indeterminate", at(5), at(4), None, None, {"worker": "w1"}, {"outcome": "Done"}, None, "w1")
    assert notes(late) == [
        "Known: worker: w1",
        "A worker that had lost its lease came back with the news that the step was done. It changed nothing.",
    ]
