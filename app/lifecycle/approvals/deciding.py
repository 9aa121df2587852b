"""What people do with an approval: agree, reject, send back, ask the requester, who answers.

Each act takes the request's lock and looks again, so that of many clicks one is done and the others are told what was done.
What was refused is in the audit log as well.
"""

from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import insert

from app.core.access import Person, may_see_request
from app.core.approvals import Approver, is_met, keys_of, may_approve
from app.core.statuses import BEFORE_BUILDING, ApprovalStatus, RequestStatus
from app.errors import Conflict, Fault, Invalid, NotAllowed, NotFound
from app.lifecycle.approvals import approving
from app.lifecycle.auditing import audited
from app.lifecycle.caller import Caller
from app.lifecycle.engine import turns
from app.lifecycle.kept import drafts
from app.lifecycle.orders import again
from app.lifecycle.tickets import LONGEST_COMMENT, change_of, check_reason, scopes_of
from app.lifecycle.write import Change
from app.models.tables import APPROVAL, MESSAGE, REQUEST, VOTE
from app.transaction import Unit

CHANGED = "the order was changed since you looked at it: look at it again"


def approve(unit: Unit, caller: Caller, approval_id: str, comment: str | None = None, digest: str | None = None) -> None:
    """Agree. The last one who must lets the request begin.

    digest: of what the caller saw; Conflict `changed` where the request is another one by now. Raises NotFound, NotAllowed
    (not asked, or one's own order), Invalid (comment too long), Conflict (decided, voted already, the requester is asked).
    """
    with audited(unit, caller, "approval.approve", f"approval:{approval_id}"):
        _check_comment(comment)
        approval, request = _votable(unit, caller.person, approval_id)
        turn = turns.has_turn(unit.connection, request, unit.rules.team_requests)
        with change_of(unit, caller, request) as change:
            approval = _open(change, approval, digest)
            if change.status == RequestStatus.NEEDS_INFO:
                raise Conflict(
                    f"{request.requester_email or request.requester_user_id} was asked something: wait for the answer"
                )
            _vote(change, caller, approval, ApprovalStatus.APPROVED, comment)
            _count(unit, change, caller, approval, turn)


def _count(unit: Unit, change: Change, caller: Caller, approval: Row[Any], turn: bool) -> None:
    """Whether this was the last vote that its approval, and the request, needed."""
    voted = change.connection.scalars(select(VOTE.c.person_id).where(VOTE.c.approval_id == approval.id)).all()
    said = {"by": caller.person.name, "votes": len(voted), "count": approval.needed}
    if not is_met(voted, approval.needed):
        change.tell("approval.voted", None, approval_id=approval.approval_id, asked=approval.asked, **said)
        change.audit("approval.voted", f"approval:{approval.approval_id}", **said, digest=approval.digest)
        return
    change.move_approval(approval.id, ApprovalStatus.APPROVED, **said, digest=approval.digest)
    if not approving.pending(change.connection, change.request.id):
        scopes = scopes_of(unit, change)
        unit.ready += approving.let_begin(change, scopes, turn=turn, timeout=unit.rules.request_timeout)


def reject(unit: Unit, caller: Caller, approval_id: str, reason: str, digest: str | None = None) -> None:
    """Say no: the request ends rejected, with the reason. One says no for all. Raises as `approve` does."""
    with audited(unit, caller, "approval.reject", f"approval:{approval_id}"):
        check_reason(reason)
        approval, request = _votable(unit, caller.person, approval_id)
        with change_of(unit, caller, request) as change:
            _end(change, caller, _open(change, approval, digest), ApprovalStatus.REJECTED, reason)


def send_back(unit: Unit, caller: Caller, approval_id: str, comment: str, digest: str | None = None) -> str:
    """Say no, and give the requester the order back as a draft with the comment; answers the draft's id.

    Raises as `approve` does.
    """
    with audited(unit, caller, "approval.send_back", f"approval:{approval_id}"):
        check_reason(comment, "comment")
        approval, request = _votable(unit, caller.person, approval_id)
        with change_of(unit, caller, request) as change:
            _end(change, caller, _open(change, approval, digest), ApprovalStatus.SENT_BACK, comment)
            draft = drafts.save(
                unit,
                caller,
                again.order_of(unit.connection, request),
                from_request=request.request_id,
                note=f"{caller.person.name}: {comment}",
                owner_id=request.requester_id,
            )
            change.tell("approval.draft", None, draft_id=str(draft.id))
        return str(draft.id)


def _end(change: Change, caller: Caller, approval: Row[Any], how: ApprovalStatus, reason: str) -> None:
    _vote(change, caller, approval, how, reason)
    change.move_approval(approval.id, how, by=caller.person.name, reason=reason, digest=approval.digest)
    approving.drop(change, RequestStatus.REJECTED, reason)


def ask(unit: Unit, caller: Caller, approval_id: str, question: str) -> None:
    """Ask the requester something: the request waits for them, and the time of the approvers stands still.

    Raises as `approve` does.
    """
    with audited(unit, caller, "approval.ask", f"approval:{approval_id}"):
        check_reason(question, "question")
        approval, request = _votable(unit, caller.person, approval_id)
        with change_of(unit, caller, request) as change:
            _open(change, approval, None)
            say(change, caller, "question", question)
            change.tell("approval.question", None, approval_id=approval.approval_id, by=caller.person.name)
            change.audit("approval.question", f"approval:{approval.approval_id}")
            if change.move_request(RequestStatus.NEEDS_INFO, RequestStatus.PENDING_APPROVAL):
                approving.hold(change)


def answer(unit: Unit, caller: Caller, request_id: str, text: str) -> None:
    """Answer what was asked; the approvers go on. Only the requester answers.

    Raises NotFound, NotAllowed, Invalid (no text), Conflict (nothing is asked).
    """
    with audited(unit, caller, "approval.answer", f"request:{request_id}"):
        check_reason(text, "text")
        request = own(unit, caller.person, request_id)
        with change_of(unit, caller, request) as change:
            if change.status != RequestStatus.NEEDS_INFO:
                raise Conflict("nothing is asked about this request")
            back(change)
            say(change, caller, "answer", text)
            change.tell("approval.answer", None, by=caller.person.name)
            change.audit("approval.answer", f"request:{request_id}")


def back(change: Change) -> None:
    """The requester is about to answer: the approvers go on, and their time with them. Where nothing is asked, nothing."""
    if change.move_request(RequestStatus.PENDING_APPROVAL, RequestStatus.NEEDS_INFO):
        approving.go_on(change, approving.held_since(change))


def say(change: Change, caller: Caller, kind: str, text: str, changes: list[Any] | None = None) -> None:
    """Keep what was said between approvers and requester."""
    person = caller.person
    values = {"author_id": person.id, "author_name": person.name, "text": text, "changes": changes or []}
    change.connection.execute(insert(MESSAGE).values(request_id=change.request.id, kind=kind, **values))


def own(unit: Unit, person: Person, request_id: str) -> Row[Any]:
    """A request of the person's own, as it is stored. Raises NotFound, NotAllowed."""
    row = unit.connection.execute(select(REQUEST).where(REQUEST.c.request_id == request_id)).one_or_none()
    if row is None or not may_see_request(person, row.requester_team, row.owner_teams):
        raise NotFound(f"There is no request {request_id}, or none that you may see.")
    if row.requester_id != person.id:
        raise NotAllowed("only whoever ordered it answers, or changes it")
    return row


def _votable(unit: Unit, person: Person, approval_id: str) -> tuple[Row[Any], Row[Any]]:
    """An approval that the person may vote on, and its request. Raises NotFound, NotAllowed."""
    approval = unit.connection.execute(select(APPROVAL).where(APPROVAL.c.approval_id == approval_id)).one_or_none()
    if approval is None:
        raise NotFound(f"There is no approval {approval_id}, or none that you may see.")
    request = unit.connection.execute(select(REQUEST).where(REQUEST.c.id == approval.request_id)).one()
    if may_approve(person, approval.voters, approval.requester_id):
        return approval, request
    asked = Approver.of(approval.asked).words
    if person.id == approval.requester_id:
        raise NotAllowed(f"somebody else of {asked} must agree: it is your own request")
    if keys_of(person).isdisjoint(approval.voters) and not may_see_request(person, request.requester_team, request.owner_teams):
        raise NotFound(f"There is no approval {approval_id}, or none that you may see.")
    raise NotAllowed(f"only {asked} decides this")


def _open(change: Change, approval: Row[Any], digest: str | None) -> Row[Any]:
    """The approval as it is under the lock, still to be decided, about what the caller saw. Raises Conflict."""
    now = change.connection.execute(select(APPROVAL).where(APPROVAL.c.id == approval.id)).one()
    if now.status != ApprovalStatus.PENDING or change.status not in BEFORE_BUILDING:
        raise Conflict(CHANGED if now.status == ApprovalStatus.VOID and not _over(change) else _decided(now))
    if (digest or now.digest) != now.digest or approving.digest_of(change.connection, change.request.id) != now.digest:
        raise Conflict(CHANGED, code="changed")
    return now


def _over(change: Change) -> bool:
    return change.status not in BEFORE_BUILDING


def _decided(approval: Row[Any]) -> str:
    words = {"sent_back": "was sent back", "void": "is not needed any more"}
    return f"{approval.approval_id} {words.get(approval.status, f'is {approval.status}')}"


def _vote(change: Change, caller: Caller, approval: Row[Any], vote: ApprovalStatus, comment: str | None) -> None:
    """Raises Conflict where the same person has voted on it."""
    person = caller.person
    values = {"approval_id": approval.id, "person_id": person.id, "person_name": person.name}
    new = insert(VOTE).values(**values, vote=vote, comment=comment or None)
    if vote != ApprovalStatus.APPROVED:
        # Whoever had agreed may think again, as long as the others have not decided.
        changed = {"vote": vote, "comment": comment or None}
        change.connection.execute(new.on_conflict_do_update(index_elements=["approval_id", "person_id"], set_=changed))
    elif change.connection.execute(new.on_conflict_do_nothing().returning(VOTE.c.id)).one_or_none() is None:
        raise Conflict("you have agreed already: others must as well")


def _check_comment(comment: str | None) -> None:
    if comment and len(comment) > LONGEST_COMMENT:
        limit = {"max_length": LONGEST_COMMENT}
        raise Invalid(faults=[Fault(("comment",), "max_length", f"must have at most {LONGEST_COMMENT} characters", limit)])
