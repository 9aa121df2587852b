"""How a run at HCP Terraform may end otherwise than well, be stopped, get lost, or be taken back."""

from datetime import timedelta

import pytest

from app.core.outcomes import Again, Done, Failed, Indeterminate, Waiting
from app.core.step_params import check_template
from app.steps.base import StepSettings
from tests.steps import remote_runs
from tests.steps.remote_runs import STEP, TOKEN, WORKSPACE

AGAIN = "another attempt group"
NOBODY = StepSettings("", "", "", None, "http://127.0.0.1:9", TOKEN, "acme")


@pytest.fixture
def place(tmp_path):
    with remote_runs.place(tmp_path) as place:
        yield place


@pytest.mark.parametrize("half", ["plan", "apply"])
def test_a_run_that_errors_tells_what_its_log_tells(place, half):
    place.tell(f"fail_{half}", summary="No subnet", detail="There is none in eu-west-1.")
    rules = [{"match": "none in [a-z]+", "error_code": "no_subnet", "advice": "Ask the network team."}]
    outcome = place.through(errors=rules)
    assert isinstance(outcome, Failed)
    assert (outcome.kind, outcome.message) == ("terraform_error", "There is none in eu-west-1.")
    assert (outcome.details["error_code"], outcome.details["workspace"]) == ("no_subnet", WORKSPACE)
    assert "/runs/run-" in outcome.details["run_url"]


def test_a_failed_run_is_not_followed_again(place):
    place.tell("fail_plan")
    place.through()
    assert isinstance(place.through(), Done)
    assert place.taken() == ["run", "run", "apply"]


def test_a_state_that_could_not_be_saved_is_a_question_for_a_person(place):
    place.tell("lose_state")
    outcome = place.through()
    assert isinstance(outcome, Indeterminate)
    assert outcome.evidence["reason"] == "the state of what was built could not be saved"


def test_a_policy_that_refuses_fails_the_step(place):
    place.tell("policy", result="soft_failed")
    assert (place.through().kind, place.taken()) == ("policy_failed", ["run"])


@pytest.mark.parametrize(("behaviour", "options"), [("policy", {"result": "override"}), ("needs_person", {})])
def test_what_only_a_person_may_decide_is_waited_for_and_said_once(place, behaviour, options):
    place.tell(behaviour, **options)
    outcome = place.until(place.run(), "policy_override" if options else "planned")
    for _ in range(3):
        outcome = place.poll(outcome)
        assert isinstance(outcome, Waiting)
    assert sum("waits for a person" in line and outcome.tracking_url in line for line in place.lines) == 1
    assert place.taken() == ["run"]


def test_a_run_that_a_person_discards_fails_the_step(place):
    place.tell("needs_person")
    outcome = place.until(place.run(), "planned")
    place.act(outcome, "discard")
    failed = place.follow(outcome)
    assert (failed.kind, failed.retryable) == ("canceled", False)
    assert "discarded at HCP Terraform" in failed.message


def test_a_run_that_a_person_cancels_while_it_applies_has_kept_its_state(place):
    outcome = applying(place)
    place.act(outcome, "cancel")
    failed = place.follow(outcome)
    assert failed.kind == "canceled"
    assert "state has what was built" in failed.message


def test_a_run_that_is_ended_by_force_while_it_applies_is_unknown(place):
    outcome = applying(place)
    assert [place.act(outcome, action) for action in ("cancel", "force-cancel")] == [202, 202]
    assert isinstance(place.follow(outcome), Indeterminate)


def test_stopped_before_it_applies_nothing_was_built(place):
    place.tell("slow", seconds=4)
    outcome = place.until(place.run(), "planning")
    assert isinstance(place.follow(outcome, STEP.stop), Again)
    assert place.taken() == ["run", "cancel"]


def test_stopped_while_it_waits_its_plan_is_discarded(place):
    outcome = place.until(place.run(), "planned")
    assert isinstance(place.follow(outcome, STEP.stop), Again)
    assert place.taken() == ["run", "discard"]


def test_stopped_while_it_applies_it_is_cancelled_and_has_kept_its_state(place):
    failed = place.follow(applying(place), STEP.stop)
    assert (failed.kind, place.taken()) == ("canceled", ["run", "apply", "cancel"])


def test_stopped_when_it_is_over_it_yields_what_it_built(place):
    outcome = place.until(place.poll(place.until(place.run(), "planned")), "applied")
    assert isinstance(place.follow(outcome, STEP.stop), Done)
    assert "cancel" not in place.taken()


def test_stopped_before_there_is_a_run_none_is_created(place):
    place.tell("slow_configuration", seconds=60)
    outcome = place.run()
    assert isinstance(STEP.stop(place.context(handle=outcome.handle)), Again)
    assert place.taken() == []


def test_a_worker_that_is_told_to_go_hands_the_step_back_before_it_creates_a_run(place):
    context = place.context()
    context.stopping.set()
    assert isinstance(STEP.run(context), Again)
    assert place.taken() == []


def test_without_a_note_of_it_no_run_is_created(place):
    assert isinstance(place.run(note=lambda _facts: False), Again)
    assert place.taken() == []


def test_a_run_whose_creation_got_no_answer_is_found_by_our_id(place):
    place.tell("drop")
    outcome = place.run()
    assert isinstance(outcome, Waiting)
    assert outcome.external_id is None
    assert isinstance(place.follow(outcome), Done)
    assert place.taken() == ["run", "apply"]


def test_a_run_that_was_never_created_is_created_by_the_next_look(place):
    place.tell("lose")
    assert isinstance(place.through(), Done)
    assert place.taken() == ["run", "apply"]


def test_a_probe_finds_the_run_that_a_lost_worker_created(place):
    created = place.run()
    found = STEP.probe(place.context(noted=place.noted[0]))
    assert isinstance(found, Waiting)
    assert (found.external_id, found.tracking_url) == (created.external_id, created.tracking_url)
    assert isinstance(place.follow(found), Done)


def test_a_probe_finds_that_nothing_was_created(place):
    assert isinstance(STEP.probe(place.context()), Again)
    place.tell("slow_configuration", seconds=60)
    place.run()
    assert isinstance(STEP.probe(place.context()), Again)


def test_a_probe_takes_no_earlier_run_for_the_lost_one(place):
    place.tell("fail_plan")
    place.through()
    place.tell("lose")
    place.run()
    assert place.noted[1]["known"]
    assert isinstance(STEP.probe(place.context(noted=place.noted[1])), Again)


def test_a_probe_takes_no_run_of_another_wish_for_ours(place):
    place.run()
    assert isinstance(STEP.probe(place.context(idempotency_key=AGAIN)), Again)


def test_a_probe_that_may_not_look_asks_a_person(place):
    outcome = STEP.probe(place.context(settings=StepSettings("", "", "", None, place.server.url, "stolen", "acme")))
    assert isinstance(outcome, Indeterminate)
    assert outcome.evidence["workspace"] == WORKSPACE


def test_a_probe_waits_for_an_api_that_is_away(place):
    place.run()
    place.tell("fail", status=503)
    waiting = STEP.probe(place.context(noted=place.noted[0]))
    assert isinstance(waiting, Waiting)
    assert isinstance(place.follow(waiting), Done)
    assert place.taken().count("run") == 1


@pytest.mark.parametrize(("behaviour", "options"), [("rate_limit", {"retry_after": 7}), ("fail", {"status": 502})])
def test_a_busy_api_is_waited_for(place, behaviour, options):
    place.tell(behaviour, **options)
    outcome = place.run()
    assert isinstance(outcome, Waiting)
    assert outcome.check_after == timedelta(seconds=options.get("retry_after", 2))
    place.tell(behaviour, **options)
    assert isinstance(place.follow(outcome), Done)


def test_a_busy_api_is_waited_for_in_the_middle_of_a_run(place):
    outcome = place.run()
    place.tell("fail", status=500)
    again = place.poll(outcome)
    assert isinstance(again, Waiting)
    assert again.external_id == outcome.external_id
    assert isinstance(place.follow(again), Done)


def test_an_address_where_nobody_answers_fails_the_step_after_a_while(place):
    outcome, waited = place.run(settings=NOBODY), timedelta()
    while isinstance(outcome, Waiting):
        waited += outcome.check_after
        outcome = place.poll(outcome, settings=NOBODY)
    assert isinstance(outcome, Failed)
    assert outcome.retryable
    assert timedelta(minutes=1) < waited < timedelta(minutes=4)


def test_a_run_that_cannot_be_seen_for_a_while_is_only_waited_for(place):
    outcome = place.run()
    for _ in range(20):
        outcome = place.poll(outcome, settings=NOBODY)
        assert isinstance(outcome, Waiting)


def test_a_run_that_is_gone_is_a_question_for_a_person(place):
    outcome = place.run()
    lost = STEP.poll(place.context(handle={**outcome.handle, "run_id": "run-1234567890123456"}))
    assert isinstance(lost, Indeterminate)


def test_a_configuration_that_cannot_be_read_there_fails_the_step(place):
    place.tell("broken_configuration")
    outcome = place.through()
    assert (outcome.kind, outcome.retryable) == ("terraform_module", False)
    assert "the archive cannot be read" in outcome.message


def test_an_unknown_organization_fails_the_step_at_once(place):
    outcome = place.run(template={"organization": "growth"})
    assert (outcome.kind, outcome.details, outcome.retryable) == ("tfe_error", {"status": 404}, False)


def test_a_named_workspace_that_holds_what_another_step_built_is_left_alone(place):
    named = {"workspace": "portal"}
    assert isinstance(place.through(template=named), Done)
    outcome = place.run(template=named, step_id="step-005")
    assert (outcome.kind, place.taken()) == ("workspace_taken", ["run", "apply"])
    assert isinstance(place.through(template=named, idempotency_key=AGAIN), Done)


def test_a_run_that_an_earlier_attempt_gave_up_on_is_discarded(place):
    place.until(place.run(), "planned")
    assert isinstance(place.through(idempotency_key=AGAIN), Done)
    assert place.taken() == ["run", "discard", "run", "apply"]


def test_an_undo_does_not_wait_behind_a_run_that_was_given_up_on(place):
    place.tell("slow", seconds=60)
    place.run()
    assert isinstance(undone(place), Done)
    assert place.taken() == ["run", "cancel"]


def test_an_undo_destroys_all_that_the_workspace_holds(place):
    place.through()
    assert isinstance(undone(place), Done)
    assert place.taken() == ["run", "apply", "run", "apply"]
    assert place.get("/_log")["taken"][-1]["destroy"] is True


def test_an_undo_of_what_is_gone_does_nothing(place):
    assert isinstance(undone(place), Done)
    place.through()
    undone(place)
    before = place.taken()
    assert isinstance(undone(place), Done)
    assert place.taken() == before


def test_an_undo_whose_worker_died_follows_its_own_run(place):
    place.through()
    lost = STEP.undo(place.context())
    again = STEP.undo(place.context())
    assert again.external_id == lost.external_id
    assert isinstance(place.follow(again, STEP.undo), Done)


def test_an_undo_that_fails_says_why(place):
    place.through()
    place.tell("fail_apply", summary="Locked", detail="The bucket is not empty.")
    outcome = undone(place)
    assert (outcome.kind, outcome.message) == ("terraform_error", "The bucket is not empty.")


def test_an_undo_leaves_alone_what_another_built_in_the_same_workspace(place):
    place.through(template={"workspace": "portal"}, step_id="step-005")
    outcome = STEP.undo(place.context(template={"workspace": "portal"}))
    assert outcome.kind == "workspace_taken"


@pytest.mark.parametrize("more", [{"backend_config": {"type": "s3"}}, {"backend": "worker"}])
def test_a_template_names_one_place_for_its_state(more):
    template = {"module_source": "x", "backend": "remote", "organization": "acme"}
    assert check_template("TerraformFile", template) == []
    (fault,) = check_template("TerraformFile", template | more)
    assert (fault.code, "remote" in str(fault)) == ("conflict", True)


def applying(place):
    """A run that applies, and does so for long."""
    place.tell("slow", seconds=2)
    outcome = place.until(place.run(), "planned")
    return place.until(place.poll(outcome), "applying")


def undone(place):
    return place.follow(STEP.undo(place.context()), STEP.undo)
