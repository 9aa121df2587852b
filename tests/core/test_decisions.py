"""What may be decided about a request, as a table: by its own status and by its steps."""

from dataclasses import replace

import pytest

from app.core.decisions import (
    Look,
    StepLook,
    again,
    from_here_on,
    kept,
    may_be_there,
    refuses_cancel,
    refuses_from,
    refuses_resume,
    refuses_retry,
    refuses_rollback,
    refuses_skip,
    refuses_step_retry,
    runs_again,
    to_undo,
    undone_by_person,
)
from app.core.statuses import RequestStatus, StepStatus

R, S = RequestStatus, StepStatus
DONE = StepLook("step-001", "Database", "step", S.COMPLETED, 1, "own")
FAILED = StepLook("step-002", "Namespace", "step", S.FAILED, 2, "person")
UNKNOWN = replace(FAILED, status=S.INDETERMINATE, unsure=True)
ASKED = replace(UNKNOWN, ticket_status="open", ticket_type="unknown")
BY_HAND = replace(FAILED, status=S.WAITING, ticket_status="claimed", ticket_type="fulfillment")
PENDING = StepLook("step-003", "Service", "step", S.PENDING, 0, "own")
ENDING = "it is being ended: what still runs, or is not known yet, is waited for"
TAKEN_BACK = "what it had made was taken back: order it anew"


def look(status: RequestStatus, *steps: StepLook, given_up: bool = False) -> Look:
    return Look(status, steps or (DONE, FAILED, PENDING), given_up=given_up)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (R.SUBMITTED, None),
        (R.PENDING_APPROVAL, None),
        (R.NEEDS_INFO, None),
        (R.IN_PROGRESS, None),
        (R.AWAITING_MANUAL, None),
        (R.CANCELLING, None),
        (R.CANCELLED, None),
        (R.ROLLING_BACK, "it is being rolled back"),
        (R.COMPLETED, "it has ended: it is completed"),
        (R.FAILED, "it has ended: it is failed"),
        (R.REJECTED, "it has ended: it is rejected"),
        (R.ROLLED_BACK, "it has ended: it is rolled_back"),
    ],
)
def test_what_has_not_ended_may_be_cancelled(status: RequestStatus, reason: str | None) -> None:
    assert refuses_cancel(look(status)) == reason


NOT_NOW = [
    (R.CANCELLING, "it is being cancelled"),
    (R.ROLLING_BACK, "it is being rolled back"),
    (R.COMPLETED, "it is completed"),
    (R.REJECTED, "it is rejected"),
    (R.ROLLED_BACK, "it is rolled_back"),
]
NOT_BUILT = [(R.SUBMITTED, "it is submitted"), (R.PENDING_APPROVAL, "it is pending_approval"), (R.CANCELLED, "it is cancelled")]


@pytest.mark.parametrize(("status", "reason"), [*NOT_NOW, *NOT_BUILT])
def test_only_what_is_built_or_has_failed_runs_steps_again_or_leaves_them_out(status: RequestStatus, reason: str) -> None:
    at = look(status)
    answers = refuses_retry(at), refuses_step_retry(at, "step-002"), refuses_skip(at, "step-002")
    assert answers == (reason, reason, reason)


@pytest.mark.parametrize("status", [R.IN_PROGRESS, R.AWAITING_MANUAL, R.FAILED])
def test_a_step_that_failed_may_be_run_again_or_left_out(status: RequestStatus) -> None:
    at = look(status)
    assert (refuses_retry(at), refuses_step_retry(at, "step-002"), refuses_skip(at, "step-002")) == (None, None, None)


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ((DONE, PENDING), "no step has failed"),
        ((DONE, UNKNOWN), "we are still finding out what became of it"),
        ((UNKNOWN, FAILED), None),
        ((DONE, ASKED), None),
    ],
)
def test_a_request_is_run_again_where_any_step_can_be(steps: tuple[StepLook, ...], reason: str | None) -> None:
    assert refuses_retry(look(R.IN_PROGRESS, *steps)) == reason


@pytest.mark.parametrize(
    ("step", "again", "skip"),
    [
        (FAILED, None, None),
        (ASKED, None, None),
        (UNKNOWN, "we are still finding out what became of it", "we are still finding out what became of it"),
        (BY_HAND, "it is waiting: only a step that failed can be run again", None),
        (
            replace(BY_HAND, ticket_status=None),
            "it is waiting: only a step that failed can be run again",
            "it is waiting: only a step that failed or waits for a person can be left out",
        ),
        (
            replace(FAILED, status=S.RUNNING),
            "it is running: only a step that failed can be run again",
            "it is running: only a step that failed or waits for a person can be left out",
        ),
        (replace(FAILED, step_id="step-009"), "there is no such step", "there is no such step"),
    ],
)
def test_what_may_be_done_with_one_step(step: StepLook, again: str | None, skip: str | None) -> None:
    at = look(R.AWAITING_MANUAL, DONE, step)
    assert (refuses_step_retry(at, "step-002"), refuses_skip(at, "step-002")) == (again, skip)


@pytest.mark.parametrize(
    ("readers", "reason"),
    [
        ((PENDING,), "Service needs what it yields"),
        ((PENDING, replace(PENDING, step_id="step-004", title="Alarm")), "Service, Alarm need what it yields"),
        ((replace(PENDING, status=S.SKIPPED),), None),
        ((replace(PENDING, status=S.CANCELLED),), "Service needs what it yields"),
    ],
)
def test_a_step_is_not_left_out_while_another_needs_what_it_yields(readers: tuple[StepLook, ...], reason: str | None) -> None:
    step = replace(FAILED, read_by=tuple(one.step_id for one in readers))
    assert refuses_skip(look(R.FAILED, step, *readers), "step-002") == reason


@pytest.mark.parametrize(
    ("status", "reason"), [*NOT_NOW, (R.IN_PROGRESS, "it goes on already"), (R.FAILED, None), (R.CANCELLED, None)]
)
def test_what_failed_or_was_cancelled_may_go_on(status: RequestStatus, reason: str | None) -> None:
    assert refuses_resume(look(status)) == reason


def test_what_is_done_has_nothing_to_go_on_with() -> None:
    assert refuses_resume(look(R.FAILED, DONE, replace(PENDING, status=S.SKIPPED))) == "every step is done"


@pytest.mark.parametrize("status", [R.IN_PROGRESS, R.AWAITING_MANUAL])
def test_nothing_is_begun_while_a_request_is_being_ended(status: RequestStatus) -> None:
    at = look(status, given_up=True)
    answers = refuses_retry(at), refuses_resume(at), refuses_step_retry(at, "step-002"), refuses_skip(at, "step-002")
    assert answers == (ENDING, ENDING, ENDING, ENDING)
    assert (refuses_rollback(at), refuses_cancel(at)) == (ENDING, None)


def test_what_was_taken_back_does_not_go_on() -> None:
    at = look(R.FAILED, replace(DONE, status=S.ROLLED_BACK), FAILED)
    answers = refuses_retry(at), refuses_resume(at), refuses_step_retry(at, "step-002"), refuses_skip(at, "step-002")
    assert answers == (TAKEN_BACK, TAKEN_BACK, TAKEN_BACK, TAKEN_BACK)
    assert refuses_rollback(at) == "it made nothing that could be taken back"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (R.COMPLETED, None),
        (R.FAILED, None),
        (R.CANCELLED, None),
        (R.ROLLING_BACK, None),
        (R.ROLLED_BACK, None),
        (R.SUBMITTED, "cancel it first: it has not ended"),
        (R.AWAITING_MANUAL, "cancel it first: it has not ended"),
        (R.CANCELLING, ENDING),
        (R.REJECTED, "it is rejected"),
    ],
)
def test_what_has_ended_may_be_rolled_back(status: RequestStatus, reason: str | None) -> None:
    assert refuses_rollback(look(status)) == reason


@pytest.mark.parametrize(
    ("step", "undone"),
    [
        (DONE, True),
        (replace(DONE, undo_how="nothing"), False),
        (replace(DONE, kind="health"), False),
        (replace(DONE, status=S.SKIPPED, attempt=0), False),
        (replace(DONE, status=S.ROLLED_BACK), False),
        (replace(DONE, status=S.FAILED), True),
        (replace(DONE, status=S.CANCELLED), True),
        (replace(DONE, status=S.CANCELLED, attempt=0), False),
        (replace(DONE, status=S.SKIPPED), True),
        (replace(DONE, status=S.FAILED, undo_how="rollback"), False),
        (replace(DONE, status=S.FAILED, undo_how="rollback", unsure=True), True),
        (replace(DONE, status=S.CANCELLED, undo_how="person", unsure=True), True),
    ],
)
def test_what_took_effect_or_may_have_done_so_in_part_is_undone(step: StepLook, undone: bool) -> None:
    at = look(R.FAILED, step)
    assert (list(to_undo(at)), refuses_rollback(at) is None) == ([step] * undone, undone)


@pytest.mark.parametrize(
    ("step", "person"),
    [
        (DONE, False),
        (replace(DONE, managed_by="person"), True),
        (replace(DONE, undo_how="person"), True),
        (replace(DONE, undo_how="rollback"), False),
        (replace(DONE, status=S.FAILED, undo_how="rollback", unsure=True), True),
        (replace(DONE, status=S.FAILED, unsure=True), False),
    ],
)
def test_a_person_undoes_what_a_person_made_or_no_machine_can_take_back(step: StepLook, person: bool) -> None:
    assert undone_by_person(step) is person


def test_what_never_began_has_left_nothing() -> None:
    assert not may_be_there(PENDING)
    assert not may_be_there(replace(PENDING, status=S.CANCELLED))


def test_finished_steps_are_kept_and_checks_are_no_steps() -> None:
    assert kept(look(R.FAILED, DONE, FAILED, replace(DONE, kind="preflight"), replace(DONE, status=S.SKIPPED))) == 1


# From a step on

BASE = StepLook("step-001", "Network", "step", S.COMPLETED, 1, "own", repeatable=True)
NEXT = replace(BASE, step_id="step-002", title="Schema", depends_on=("step-001",))
LAST = replace(BASE, step_id="step-003", title="Data", status=S.FAILED, depends_on=("step-002",))
ALONE = replace(BASE, step_id="step-004", title="Mail", repeatable=False)
CHECK = replace(BASE, step_id="step-005", title="Is up", kind="health", depends_on=("step-003",), repeatable=False)
CHAIN = (BASE, NEXT, LAST, ALONE, CHECK)


def test_what_stands_on_a_step_runs_again_with_it_and_the_rest_is_kept() -> None:
    at = look(R.FAILED, *CHAIN)
    found = [one.step_id for one in from_here_on(at, "step-002")]
    assert found == ["step-002", "step-003", "step-005"]
    assert [one.title for one in runs_again(at, "step-002")] == ["Schema", "Data"]
    assert kept(at, found) == 2


@pytest.mark.parametrize(("status", "reason"), [*NOT_NOW, *NOT_BUILT])
def test_only_what_is_built_or_has_failed_runs_from_a_step_on(status: RequestStatus, reason: str) -> None:
    assert refuses_from(look(status, *CHAIN), "step-001") == reason


@pytest.mark.parametrize(
    ("status", "steps", "step_id", "reason"),
    [
        (R.FAILED, CHAIN, "step-001", None),
        (R.AWAITING_MANUAL, CHAIN, "step-003", None),
        (R.IN_PROGRESS, CHAIN, "step-001", "it is being built: wait until nothing of it runs"),
        (R.FAILED, CHAIN, "step-004", "Mail is not declared repeatable"),
        (R.FAILED, CHAIN, "step-005", "there is no such step"),
        (R.FAILED, CHAIN, "step-009", "there is no such step"),
        (
            R.FAILED,
            (BASE, replace(NEXT, status=S.PENDING)),
            "step-002",
            "it is pending: only a step that has run can be run again",
        ),
        (R.FAILED, (BASE, replace(NEXT, repeatable=False)), "step-001", "Schema is not declared repeatable"),
        (
            R.FAILED,
            (replace(BASE, repeatable=False), replace(NEXT, repeatable=False)),
            "step-001",
            "Network, Schema are not declared repeatable",
        ),
        (
            R.FAILED,
            (BASE, replace(NEXT, managed_by="person")),
            "step-001",
            "Schema was made by hand, which no machine repeats",
        ),
        (
            R.AWAITING_MANUAL,
            (BASE, replace(NEXT, status=S.WAITING, ticket_status="open")),
            "step-001",
            "Schema waits for a person: that comes first",
        ),
        (R.FAILED, (BASE, replace(ALONE, undo="kept")), "step-001", "what it had made was to be taken back: order it anew"),
        (R.FAILED, (BASE, replace(ALONE, status=S.ROLLED_BACK)), "step-001", TAKEN_BACK),
    ],
)
def test_a_request_runs_from_a_step_on_where_all_of_it_may_be_repeated(
    status: RequestStatus, steps: tuple[StepLook, ...], step_id: str, reason: str | None
) -> None:
    assert refuses_from(look(status, *steps), step_id) == reason


def test_what_has_run_and_waits_for_its_next_run_is_counted() -> None:
    steps = (replace(BASE, status=S.READY), replace(NEXT, status=S.PENDING), replace(LAST, status=S.PENDING, attempt=0), ALONE)
    assert again(look(R.IN_PROGRESS, *steps)) == 2


@pytest.mark.parametrize(("status", "there"), [(S.PENDING, True), (S.FAILED, True), (S.CANCELLED, True), (S.COMPLETED, False)])
def test_what_was_done_once_and_is_to_be_done_again_may_be_there_still(status: StepStatus, there: bool) -> None:
    step = replace(NEXT, undo_how="rollback", status=status, took_effect=status != S.COMPLETED)
    assert (may_be_there(step), undone_by_person(step)) == (there, there)
