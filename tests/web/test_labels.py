"""The map of states is whole, and says whose move it is."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

import pytest

from app.core.statuses import ApprovalStatus, AttemptStatus, RequestStatus, StepStatus, TicketStatus
from app.web.labels import STATES, Label, due, label

NOW = datetime(2025, 8, 16, 10, 45, tzinfo=UTC)
SPRITE = Path("static/icons/sprite.svg").read_text()
STYLES = Path("static/css/portal.css").read_text()


@pytest.mark.parametrize("statuses", [RequestStatus, StepStatus, AttemptStatus, TicketStatus, ApprovalStatus])
def test_every_status_has_a_label(statuses: type[StrEnum]):
    assert set(statuses) <= set(STATES), "add the new status to STATES in app/web/labels.py"


def test_no_label_is_for_a_status_that_does_not_exist():
    known = {*RequestStatus, *StepStatus, *AttemptStatus, *TicketStatus, *ApprovalStatus, "draft"}
    assert set(STATES) == known


@pytest.mark.parametrize("code", STATES)
def test_every_label_has_a_shape_and_a_colour_that_exist(code: str):
    found = label(code)
    assert f'id="g-{found.glyph}"' in SPRITE
    assert f".is-{found.tone}" in STYLES


def test_words_are_never_codes():
    assert not [code for code in STATES if "_" in label(code).words]


def test_a_wait_names_the_one_who_is_waited_for():
    assert label("awaiting_manual", who="Carol").words == "Waiting on Carol"


def test_a_state_that_waits_for_the_reader_is_a_filled_diamond():
    assert label("pending_approval", mine=True) == Label("yours", "yours", "Waits for you")


def test_a_claimed_ticket_of_the_reader_reads_yours():
    assert label("claimed", mine=True).words == "Yours"


def test_a_step_that_a_person_finished_shows_a_persons_shape():
    assert label("completed", by="Carol") == Label("done", "person-done", "Done by Carol")


def test_a_name_does_not_change_a_state_that_waits_for_nobody():
    assert label("running", who="Carol") == label("running")


def test_an_unknown_code_reads_as_its_words_and_takes_no_page_down():
    assert label("half_done") == Label("idle", "unknown", "Half done")


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        (-25, Label("late", "late", "25 min late")),
        (28, Label("soon", "waiting", "in 28 min")),
        (57, Label("", "", "in 57 min")),
        (111, Label("", "", "in 1 h 51 min")),
        (22 * 60 + 15, Label("", "", "tomorrow 09:00")),
        (73 * 60 + 15, Label("", "", "19 Aug, 12:00")),
    ],
)
def test_a_due_time_gets_louder_as_it_comes_nearer(minutes: int, expected: Label):
    assert due(NOW + timedelta(minutes=minutes), NOW) == expected
