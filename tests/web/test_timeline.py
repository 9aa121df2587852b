"""The history of a request as sentences."""

import pytest

from app.web.requests.timeline import timeline
from tests.web.cases import case, claimed, event, resolved, step, ticket

EKS, POSTGRES = step("provision_eks_app", "completed"), step("provision_postgres", "failed")


def told(*events: object, tickets: tuple[object, ...] = ()) -> list[str]:
    return [entry.text for entry in timeline(case(EKS, POSTGRES, events=events, tickets=tickets))]


def test_it_is_told_newest_first_without_what_is_no_news():
    assert told(
        event(1, "request.submitted", 45, actor="sarah-123", by="Sarah"),
        event(2, "step.ready", 45, "step-001"),
        event(3, "step.running", 44, "step-001"),
        event(4, "request.in_progress", 44),
        event(5, "step.completed", 41.5, "step-001"),
        event(6, "outputs.ready", 41.5, groups=["eks_app"]),
    ) == ["EKS app done in 2 min 30 s", "EKS app started", "<b>Sarah</b> sent the request"]


def test_steps_that_start_together_are_one_line():
    lines = told(event(1, "step.running", 44, "step-001"), event(2, "step.running", 44, "step-002"))
    assert lines == ["EKS app and PostgreSQL started"]


def test_steps_that_start_minutes_apart_are_two_lines():
    lines = told(event(1, "step.running", 44, "step-001"), event(2, "step.running", 40, "step-002"))
    assert lines == ["PostgreSQL started", "EKS app started"]


def test_a_failure_says_its_cause():
    message = "Error creating RDS instance: subnet group conflicts with existing resources"
    assert told(event(1, "step.failed", 9, "step-002", message=message)) == [
        "PostgreSQL failed: subnet group conflicts with existing resources"
    ]


def test_a_retry_that_waits_is_told_and_a_mere_wait_is_not():
    lines = told(
        event(1, "step.waiting", 9, "step-001"), event(2, "step.waiting", 8, "step-002", retry_at="2025-08-16T11:53:00+00:00")
    )
    assert lines == ["An attempt of PostgreSQL failed, it is tried again"]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("ticket.claimed", '<b>Carol</b> took <a href="/queue/TCK-2">TCK-2</a>'),
        ("ticket.resolved", '<b>Carol</b> resolved <a href="/queue/TCK-2">TCK-2</a>'),
        ("ticket.retried", '<b>Carol</b> let the automation try again (<a href="/queue/TCK-2">TCK-2</a>)'),
        ("ticket.rejected", '<b>Carol</b> said that <a href="/queue/TCK-2">TCK-2</a> cannot be done'),
        ("ticket.open", '<b>Carol</b> gave <a href="/queue/TCK-2">TCK-2</a> back to the queue'),
        ("ticket.comment", '<b>Carol</b> wrote on <a href="/queue/TCK-2">TCK-2</a>'),
    ],
)
def test_what_people_did_is_told_with_their_names(kind: str, words: str):
    about = claimed(ticket(POSTGRES))
    assert told(event(1, kind, 5, actor="carol-789", ticket_id="TCK-2"), tickets=(about,)) == [words]


def test_a_ticket_that_opens_says_for_whom():
    opened = event(
        1, "ticket.open", 5, "step-002", ticket_id="TCK-2", owner_team="platform-data-team", name="provision_postgres"
    )
    assert told(opened) == ['Ticket <a href="/queue/TCK-2">TCK-2</a> opened for platform-data-team']


def test_a_name_is_found_in_what_the_same_person_did_elsewhere():
    lines = told(
        event(1, "ticket.resolved", 5, actor="carol-789", ticket_id="TCK-2"),
        event(2, "step.completed", 5, "step-002", actor="carol-789", by="Carol"),
        tickets=(resolved(ticket(POSTGRES)),),
    )
    assert lines == ['<b>Carol</b> resolved <a href="/queue/TCK-2">TCK-2</a>']


def test_somebody_of_whom_no_name_is_known_goes_by_their_id():
    assert told(event(1, "ticket.claimed", 5, actor="erin-321", ticket_id="TCK-2"))[0].startswith("<b>erin-321</b> took")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("step.skipped", "PostgreSQL was not needed"),
        ("step.cancelled", "PostgreSQL was cancelled"),
        ("step.indeterminate", "Nobody knows yet what became of PostgreSQL"),
        ("request.completed", "Request done"),
        ("request.failed", "Request failed"),
        ("service.made", "Service made."),
    ],
)
def test_every_other_end_has_its_sentence(kind: str, words: str):
    assert told(event(1, kind, 5, "step-002")) == [words]


def test_outputs_that_could_not_be_made_are_told():
    assert told(event(1, "outputs.failed", 5, group="postgres", message="no such output")) == [
        "Outputs of postgres could not be made: no such output"
    ]


def test_what_came_from_outside_is_escaped():
    lines = told(event(1, "step.failed", 5, "step-002", message="<script>alert(1)</script>"))
    assert lines == ["PostgreSQL failed: &lt;script&gt;alert(1)&lt;/script&gt;"]


def test_running_again_is_told_once_with_what_is_kept():
    lines = told(
        event(1, "ticket.retried", 5, actor="sarah-123", ticket_id="TCK-2"),
        event(2, "step.ready", 5, "step-002", actor="sarah-123"),
        event(3, "request.resumed", 5, actor="sarah-123", by="Sarah", kept=1, again=["step-002"]),
        tickets=(resolved(ticket(POSTGRES), status="retried"),),
    )
    assert lines == ["<b>Sarah</b> let PostgreSQL run again, 1 finished step kept"]


def test_leaving_out_is_told_once_with_who_and_why():
    lines = told(
        event(1, "ticket.resolved", 5, actor="carol-789", ticket_id="TCK-2"),
        event(2, "step.skipped", 5, "step-002", actor="carol-789", by="Carol", reason="They have one"),
        tickets=(resolved(ticket(POSTGRES)),),
    )
    assert lines == ["<b>Carol</b> left out PostgreSQL: They have one"]


def test_a_ticket_that_ended_with_its_request_was_nobodys_word_that_it_cannot_be_done():
    lines = told(
        event(1, "request.cancel", 5, actor="sarah-123", by="Sarah", reason="Wrong name"),
        event(2, "ticket.rejected", 5, actor="sarah-123", ticket_id="TCK-2"),
        tickets=(resolved(ticket(POSTGRES), "Sarah", status="rejected"),),
    )
    assert lines == [
        'Ticket <a href="/queue/TCK-2">TCK-2</a> ended with the request',
        "<b>Sarah</b> cancelled the request: Wrong name",
    ]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("ticket.resolved", '<b>Carol</b> undid PostgreSQL (<a href="/queue/TCK-2">TCK-2</a>)'),
        ("ticket.rejected", '<b>Carol</b> let PostgreSQL stay (<a href="/queue/TCK-2">TCK-2</a>)'),
    ],
)
def test_how_an_undo_ended_is_told(kind: str, words: str):
    about = claimed(ticket(POSTGRES, type="undo"))
    assert told(event(1, kind, 5, actor="carol-789", ticket_id="TCK-2"), tickets=(about,)) == [words]


@pytest.mark.parametrize(
    ("kind", "payload", "words"),
    [
        ("step.running", {"activity": "undo"}, "PostgreSQL is being undone"),
        ("step.rolled_back", {}, "PostgreSQL was undone"),
        ("step.ready", {"reason": "the worker was told to go"}, "PostgreSQL is run again: the worker was told to go"),
        ("step.cancelled", {"reason": "it was stopped in time"}, "PostgreSQL was cancelled: it was stopped in time"),
        ("step.undo", {}, "The undo of PostgreSQL is tried again"),
        ("request.queued", {}, "It waits for its turn"),
        ("request.admitted", {}, "Its turn has come"),
        ("request.timeout", {}, "It took longer than a request may take"),
        ("request.rollback", {"reason": "what failed is rolled back"}, "It is rolled back: what failed is rolled back"),
    ],
)
def test_what_the_engine_does_by_itself_is_told(kind: str, payload: dict[str, str], words: str):
    assert told(event(1, kind, 5, "step-002" if kind.startswith("step") else None, **payload)) == [words]


def test_a_step_that_a_person_let_stay_is_not_told_as_done():
    kept = step("provision_postgres", "completed", undo="kept")
    back = event(1, "request.rollback", 5, actor="sarah-123", by="Sarah", reason="Wrong region")
    events = (back, event(2, "step.completed", 4, "step-002", actor="carol-789"))
    assert next(entry.text for entry in timeline(case(EKS, kept, events=events))) == "PostgreSQL stays"
