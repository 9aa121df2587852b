"""What a decision will do, as its page says it before it is taken."""

import pytest

from app.queries.shapes import Step
from app.web.requests import effects
from app.web.requests.effects import Ask
from tests.web.cases import case, check, claimed, step, ticket

EKS = step("provision_eks_app", "completed", undo_how="own")
POSTGRES = step("provision_postgres", "failed", undo_how="own")
RUNNING = step("setup_monitoring", "running")
LAST = step("connect", "pending")


def told(asked: Ask) -> dict[str, tuple[str, str]]:
    """Step -> what happens and how."""
    return {one.title: (one.label.words, one.text) for one in asked.effects}


def test_cancelling_says_what_is_kept_what_stops_and_what_is_not_begun():
    said = told(effects.cancel(case(EKS, RUNNING, LAST)))
    assert said["EKS app"] == ("Is kept", "")
    assert said["Monitoring"] == ("Is asked to stop", "GitHub is asked to cancel the run.")
    assert said["Connections"] == ("Is not begun", "")


def test_cancelling_ends_the_tickets_of_people():
    said = told(effects.cancel(case(EKS, POSTGRES, tickets=(ticket(POSTGRES),), status="awaiting_manual")))
    assert said["PostgreSQL"] == ("Is given up", "TCK-2 of platform-data-team ends.")


@pytest.mark.parametrize("asked", [True, False])
def test_what_is_unknown_is_found_out_before_the_request_is_cancelled(asked: bool):
    lost = step("provision_postgres", "indeterminate")
    tickets = (ticket(lost, type="unknown"),) if asked else ()
    words, text = told(effects.cancel(case(EKS, lost, tickets=tickets)))["PostgreSQL"]
    assert words == "Is found out first"
    assert ("TCK-2 stays open for platform-data-team." in text) == asked


def test_cancelling_speaks_of_no_check_that_holds():
    assert "network" not in told(effects.cancel(case(EKS, LAST, checks=(check("network", "completed"),))))


def test_cancelling_asks_why():
    assert effects.cancel(case(EKS, LAST)).why == "Why is it cancelled?"


@pytest.mark.parametrize(
    ("made", "words", "text"),
    [
        (EKS, "Is destroyed", "Terraform destroys what it made."),
        (step("connect", "completed", undo_how="rollback"), "Is undone", "By the step that its catalog entry names for that."),
        (
            step("connect", "completed"),
            "Becomes a ticket",
            "platform-data-team is asked to undo it. Its catalog entry names no way to undo it.",
        ),
        (
            step("connect", "completed", undo_how="own", managed_by="person"),
            "Becomes a ticket",
            "platform-data-team is asked to undo it. It was made by hand.",
        ),
        (step("connect", "completed", undo_how="nothing"), "Stays as it is", "It made nothing that is to be taken back."),
    ],
)
def test_rolling_back_says_how_each_step_is_taken_back(made: Step, words: str, text: str):
    assert told(effects.rollback(case(made, status="completed")))[made.title] == (words, text)


def test_what_failed_half_way_is_destroyed_too():
    _, text = told(effects.rollback(case(EKS, POSTGRES, status="failed")))["PostgreSQL"]
    assert "whatever is there of it is destroyed" in text


def test_what_was_built_last_is_taken_back_first():
    last = step("connect", "completed", undo_how="own")
    assert list(told(effects.rollback(case(EKS, last, status="completed")))) == ["Connections", "EKS app"]


def test_trying_again_says_which_steps_run_and_how_many_are_kept():
    asked = effects.retry(case(EKS, POSTGRES, LAST, tickets=(ticket(POSTGRES),), status="awaiting_manual"))
    assert "1 finished step is kept." in asked.text
    assert told(asked)["PostgreSQL"] == ("Runs again", "As attempt 2. TCK-2 ends.")
    assert told(asked)["Connections"][0] == "Is built after that"


def test_what_is_not_ones_own_to_run_again_stays_with_its_team():
    other = step("setup_monitoring", "failed", owner_team="platform-solutions-team")
    about = claimed(ticket(other, "carol-789", owner_team="platform-solutions-team"), "erin-321")
    tickets = (ticket(POSTGRES, "carol-789"), about)
    asked = effects.retry(case(EKS, POSTGRES, other, tickets=tickets, status="awaiting_manual", who="carol-789"))
    assert told(asked)["Monitoring"] == ("Waiting on Erin", "TCK-3 stays open.")


def test_resuming_builds_what_had_been_cancelled():
    cancelled = step("connect", "cancelled", attempt=0)
    asked = effects.resume(case(EKS, cancelled, status="cancelled"))
    assert told(asked) == {"EKS app": ("Is kept", ""), "Connections": ("Is built", "")}


def test_running_one_step_again_says_with_which_attempt_and_what_becomes_of_its_ticket():
    asked = effects.retry_step(case(EKS, POSTGRES, tickets=(ticket(POSTGRES),), status="awaiting_manual"), POSTGRES)
    assert asked.text == (
        "It runs as attempt 2 with the same inputs. 1 finished step is kept. "
        "TCK-2 ends; if PostgreSQL fails again, a new ticket opens."
    )


def test_leaving_a_step_out_says_what_goes_on_without_it():
    asked = effects.skip(case(EKS, POSTGRES, LAST, tickets=(ticket(POSTGRES),), status="awaiting_manual"), POSTGRES)
    assert "Connections goes on without it. TCK-2 ends with it." in asked.text
    assert asked.why == "Why is it left out?"
