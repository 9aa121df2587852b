"""Where a request stands, in words: what happened, whose move it is, what is kept, what to press."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.core.approvals import Approver
from app.queries.approval_values import Approval, Message, Vote
from app.queries.shapes import Output
from app.web.requests.standing import Standing, standing
from tests.web.cases import CLASH, NOON, at, case, check, claimed, event, resolved, step, ticket

APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"
NOT_YOURS = f"It is {{}}{APOSTROPHE}s move, not yours."
EKS = step("provision_eks_app", "completed")
BROKEN = step("provision_postgres", "failed", error=CLASH)
MONITORING = step("setup_monitoring", "running")
LAST = step("connect", "pending")


def stuck(who: str, by: str | None = None, **more: object) -> Standing:
    """PostgreSQL failed, as `who` sees it; `by` has taken its ticket."""
    about = ticket(BROKEN, who, **more)
    about = claimed(about, by) if by else about
    return standing(case(EKS, BROKEN, MONITORING, LAST, status="awaiting_manual", tickets=(about,), who=who))


def test_the_failed_thing_comes_first_then_the_cause_without_codes():
    said = stuck("sarah-123")
    assert said.title == "PostgreSQL could not be created: subnet group conflicts with existing resources"
    assert said.label.tone == "failed"


@pytest.mark.parametrize(
    ("who", "by", "move"),
    [
        ("sarah-123", None, NOT_YOURS.format("platform-data-team")),
        ("sarah-123", "carol-789", NOT_YOURS.format("Carol")),
        ("carol-789", None, f"It is your team{APOSTROPHE}s move, and nobody has taken it yet."),
        ("carol-789", "carol-789", "It is your move."),
        ("dana-001", "carol-789", NOT_YOURS.format("Carol")),
        ("erin-321", None, NOT_YOURS.format("platform-data-team")),
    ],
)
def test_everybody_is_told_whose_move_it_is(who: str, by: str | None, move: str):
    assert stuck(who, by).move == move


def test_it_says_what_is_kept_and_what_still_runs():
    assert "EKS app is kept, Monitoring still runs." in stuck("sarah-123").rest


def test_the_ticket_is_linked():
    assert '<a href="/queue/TCK-2">TCK-2</a>' in stuck("sarah-123", "carol-789").rest


def test_what_the_catalog_advises_and_what_the_machine_said_are_kept_apart_from_the_sentence():
    said = stuck("sarah-123")
    assert said.advice == "Choose another name."
    assert said.told is not None
    assert said.told.heading == "What Terraform said"
    assert "error_code: InvalidDBSubnetGroup" in said.told.text


def test_the_waits_name_who_since_when_and_until_when():
    waits = dict(stuck("sarah-123", "carol-789", due_at=NOON + timedelta(hours=2)).waits)
    assert waits == {"Waiting on": "Carol, platform-data-team", "Since": "11:55, 5 min", "Due": "14:00"}


@pytest.mark.parametrize(
    ("who", "by", "may"),
    [
        ("sarah-123", None, True),
        ("bob-456", None, True),
        ("sarah-123", "carol-789", False),
        ("carol-789", "carol-789", True),
        ("erin-321", None, False),
    ],
)
def test_running_it_again_is_offered_to_whom_the_use_case_lets(who: str, by: str | None, may: bool):
    assert (stuck(who, by).retry is not None) == may


def test_a_person_of_the_requesting_team_sees_the_pill_of_the_team_that_works():
    assert stuck("sarah-123").pill.words == "Waiting on platform-data-team"
    assert stuck("carol-789").pill.words == "Waits for you"


def test_the_viewers_own_move_comes_first_and_the_others_are_named():
    other = step("connect", "failed", owner_team="platform-solutions-team")
    tickets = (ticket(BROKEN, "erin-321"), ticket(other, "erin-321"))
    said = standing(case(EKS, BROKEN, other, status="awaiting_manual", tickets=tickets, who="erin-321"))
    assert said.title.startswith("Connections failed: ")
    assert 'Also waiting on people: PostgreSQL (<a href="/queue/TCK-2">TCK-2</a>).' in said.rest


def test_an_unknown_outcome_is_said_as_such():
    lost = step("provision_postgres", "indeterminate")
    error = {"type": "indeterminate", "message": "Look before it runs again.", "details": {"worker": "w1"}}
    said = standing(case(EKS, lost, status="awaiting_manual", tickets=(ticket(lost, type="unknown", error=error),)))
    assert said.title == "Nobody can tell yet whether PostgreSQL took effect"
    assert said.told is not None
    assert said.told.heading == "What is known"


def test_work_that_is_manual_by_design_is_no_failure():
    manual = step("provision_postgres", "waiting", type="ManualTask")
    about = ticket(manual, type="fulfillment", error=None)
    said = standing(case(EKS, manual, status="awaiting_manual", tickets=(about,)))
    assert (said.title, said.label.tone, said.retry) == ("PostgreSQL is made by hand", "person", None)


@pytest.mark.parametrize(
    ("steps", "title"),
    [
        ((MONITORING, LAST), "Monitoring is running"),
        ((EKS, step("provision_postgres", "running"), MONITORING), "PostgreSQL and Monitoring are running"),
        ((step("provision_eks_app", "ready"), LAST), "EKS app begins with the next free worker"),
        ((EKS, LAST), "customer-portal goes on by itself"),
    ],
)
def test_while_it_runs_nobody_has_to_do_anything(steps: tuple[object, ...], title: str):
    said = standing(case(*steps))
    assert (said.title, said.move) == (title, "Nobody has to do anything.")


def test_what_was_sent_and_not_begun_says_what_begins():
    assert standing(case(step("provision_eks_app", "ready"), status="submitted")).label.words == "Sent"


def test_a_finished_request_says_who_made_what():
    by_hand = step("provision_postgres", "completed", managed_by="person")
    said = standing(case(EKS, by_hand, status="completed", tickets=(resolved(ticket(BROKEN)),)))
    assert said.title == "customer-portal is ready"
    assert said.rest == "Both steps are done. Carol made PostgreSQL by hand, the rest ran by itself."
    assert dict(said.waits) == {"Took": "45 min", "Of that, waiting on people": "4 min", "Ended": "12:00"}


def test_a_request_that_ran_through_says_so():
    said = standing(case(EKS, step("provision_postgres", "skipped"), status="completed"))
    assert said.rest == "1 step is done, PostgreSQL was not needed. Everything ran by itself."


def test_a_request_of_which_nothing_had_to_run_says_so():
    assert standing(case(step("provision_postgres", "skipped"), status="completed")).rest == "PostgreSQL was not needed."


def test_waits_that_overlap_count_once():
    first = resolved(ticket(BROKEN), created_at=at(10), resolved_at=at(4))
    second = resolved(ticket(EKS), created_at=at(8), resolved_at=at(2))
    assert case(EKS, BROKEN, tickets=(first, second)).waited == timedelta(minutes=8)


@pytest.mark.parametrize(
    ("value", "sensitive", "opened"),
    [("https://portal.example.com", False, True), ("https://portal.example.com", True, False), ("javascript:x", False, False)],
)
def test_an_output_that_is_a_link_can_be_opened(value: str, sensitive: bool, opened: bool):
    output = Output("eks_app", "service_url", value, sensitive, None)
    assert (standing(case(EKS, status="completed", outputs=(output,))).link is not None) == opened


def test_what_cannot_be_done_gives_the_reason_and_who_said_so():
    about = resolved(ticket(BROKEN), status="rejected")
    said = standing(case(EKS, BROKEN, status="failed", tickets=(about,), failure="There is no room left."))
    assert said.title == "PostgreSQL cannot be done: There is no room left"
    assert said.rest.startswith("Carol of platform-data-team said so. EKS app is kept.")


def test_a_failure_that_nobody_takes_over_says_so():
    said = standing(case(EKS, BROKEN, status="failed"))
    assert said.title == "PostgreSQL could not be created: subnet group conflicts with existing resources"
    assert said.move == "Nothing more happens here by itself."


# Waiting for people to agree


def asked(who: str = "sarah-123", status: str = "pending_approval", vote: str = "", **more: Any) -> Standing:
    """A request to which carol's team must agree."""
    approver, decided = Approver("team", "platform-data-team"), vote or "pending"
    votes = [Vote(uuid4(), "Carol", vote, "Too large.", at(1))] if vote else []
    nothing = dict.fromkeys(("reminded_at", "escalated_at", "decided_at"))
    due = {"created_at": at(60), "due_at": at(-60), "on_timeout": "escalate"}
    head = ("APR-1", decided, 1, [approver], 1, "It is large.", "0" * 64, uuid4())
    one = Approval(*head, **due, **nothing, votes=votes)
    made = case(EKS, status=status, who=who, **more)
    talk = [Message("question", "Carol", "What for?", (), at(5))] if status == "needs_info" else []
    return standing(replace(made, detail=replace(made.detail, approvals=[one], messages=talk)))


def test_who_must_agree_is_named_with_the_reason():
    said = asked()
    assert (said.title, said.move) == ("customer-portal waits for approval", NOT_YOURS.format("platform-data-team"))
    assert said.rest.startswith("It is large.")


def test_whoever_must_agree_is_led_to_the_approval():
    said = asked("carol-789")
    assert (said.move, said.link and said.link.href) == ("It is your move.", "/approvals/APR-1")


@pytest.mark.parametrize(("who", "move"), [("sarah-123", "It is your move."), ("bob-456", NOT_YOURS.format("Sarah"))])
def test_a_question_is_the_move_of_whoever_ordered(who: str, move: str):
    said = asked(who, "needs_info")
    assert (said.title, said.move) == ("Carol asks: What for?", move)


@pytest.mark.parametrize(("vote", "did"), [("rejected", "was rejected"), ("sent_back", "was sent back")])
def test_a_no_gives_the_reason_and_who_said_it(vote: str, did: str):
    said = asked(status="rejected", vote=vote, failure="Too large.")
    assert said.title == f"customer-portal {did}: Too large"
    assert said.rest.startswith("Carol said so.")


# Being found out, waiting for its turn, checks


def test_what_is_being_found_out_is_said_before_anything_else():
    said = standing(case(EKS, step("provision_postgres", "indeterminate"), MONITORING))
    assert said.title == "We are finding out what became of PostgreSQL"
    assert "Nothing is run again before we know" in said.rest


def test_a_request_whose_turn_has_not_come_says_so():
    said = standing(case(step("provision_eks_app", "pending"), status="submitted", admitted=False))
    assert said.title == "customer-portal waits for its turn"


@pytest.mark.parametrize(
    ("done", "kind", "title"),
    [
        (False, "preflight", "Checking before anything is built: the network is there"),
        (True, "health", "Checking that all is well: the network is there"),
    ],
)
def test_checks_that_are_looked_at_are_named(done: bool, kind: str, title: str):
    steps = (EKS,) if done else (step("provision_eks_app", "pending"),)
    assert standing(case(*steps, checks=(check("the network is there", "waiting", kind),))).title == title


def test_a_check_that_does_not_hold_is_said_as_such():
    broken = check("network", "failed", error=CLASH)
    about = ticket(broken)
    said = standing(case(step("provision_eks_app", "pending"), status="awaiting_manual", checks=(broken,), tickets=(about,)))
    assert said.title.startswith("The check network does not hold: ")


# What somebody has decided


CANCEL = event(7, "request.cancel", 2, actor="sarah-123", by="Sarah", reason="We took another one.")
BACK = event(8, "request.rollback", 2, actor="sarah-123", by="Sarah", reason="Wrong region.")


def test_while_it_is_cancelled_it_says_who_wanted_it_what_stops_and_what_is_kept():
    said = standing(case(EKS, MONITORING, status="cancelling", events=(CANCEL,)))
    assert said.title == "customer-portal is being cancelled"
    assert said.rest.startswith("Sarah cancelled it: We took another one. Monitoring is asked to stop; ")
    assert said.rest.endswith(" EKS app is kept.")


def test_a_cancelled_request_says_why_and_what_is_kept():
    said = standing(case(EKS, LAST, status="cancelled", events=(CANCEL,)))
    assert (said.title, said.move) == ("customer-portal was cancelled", "Nothing more happens here by itself.")
    assert said.rest == "Sarah cancelled it: We took another one. EKS app is kept."


def test_an_unknown_outcome_keeps_a_cancelled_request_until_somebody_has_looked():
    lost = step("provision_postgres", "indeterminate")
    about = ticket(lost, type="unknown")
    said = standing(case(EKS, lost, status="cancelling", tickets=(about,), events=(CANCEL,)))
    assert said.title == "Nobody can tell yet whether PostgreSQL took effect"
    assert "when it is resolved, the request ends as cancelled." in said.rest


def test_a_roll_back_says_what_is_undone_now_and_what_follows():
    last = step("connect", "running", activity="undo", undo="wanted")
    first = step("provision_eks_app", "completed", undo="wanted")
    said = standing(case(first, last, status="rolling_back", events=(BACK,)))
    assert said.title == "customer-portal is being rolled back"
    assert said.rest == "Sarah asked for it: Wrong region. Connections is being undone, EKS app follows."


@pytest.mark.parametrize(
    ("error", "title"),
    [
        (None, "PostgreSQL must be undone by hand"),
        (CLASH, "PostgreSQL could not be undone: subnet group conflicts with existing resources"),
    ],
)
def test_what_no_machine_can_undo_is_somebodys_move(error: object, title: str):
    made = step("provision_postgres", "waiting", activity="undo", undo="wanted")
    about = ticket(made, type="undo", error=error)
    said = standing(case(made, status="rolling_back", tickets=(about,)))
    assert (said.title, said.retry) == (title, None)
    assert "the roll back goes on by itself" in said.rest


def test_a_request_that_was_rolled_back_says_that_nothing_is_left():
    said = standing(case(step("provision_eks_app", "rolled_back"), status="rolled_back", events=(BACK,)))
    assert said.title == "customer-portal was rolled back"
    assert said.rest == "Sarah asked for it: Wrong region. What it had made is gone."


def test_a_roll_back_that_left_something_says_what_and_who_wanted_it():
    kept = step("provision_postgres", "completed", undo="kept")
    about = resolved(ticket(kept, type="undo"), status="rejected")
    said = standing(case(kept, status="failed", tickets=(about,), failure="It is shared."))
    assert said.title == "customer-portal could not be rolled back whole: PostgreSQL stays"
    assert said.rest.startswith("Carol said so: It is shared.")


def test_a_request_that_took_too_long_says_so():
    said = standing(case(EKS, LAST, status="failed", failure="it took longer than a request may take"))
    assert said.title == "customer-portal was ended: it took longer than a request may take"


def test_what_a_machine_or_a_person_wrote_is_no_markup():
    about = claimed(ticket(BROKEN))
    about = resolved(about, claimed_by="<i>Carol</i>", status="claimed")
    said = standing(case(EKS, BROKEN, status="awaiting_manual", tickets=(about,)))
    assert "<i>" not in said.rest


def test_a_step_that_was_left_out_is_told_with_who_did_it():
    left_out = event(5, "step.skipped", 2, "step-002", actor="carol-789", by="Carol", reason="They have one")
    said = standing(case(EKS, step("provision_postgres", "skipped"), status="completed", events=(left_out,)))
    assert said.rest == "1 step is done, Carol left out PostgreSQL."


@pytest.mark.parametrize(
    ("statuses", "counted"), [(("completed", "skipped"), "2 of 2 done"), (("rolled_back", "completed"), "1 of 2 undone")]
)
def test_how_far_it_is_is_counted(statuses: tuple[str, str], counted: str):
    first, second = statuses
    assert case(step("provision_eks_app", first), step("connect", second)).counted == counted
