"""The approvals of a request, with what was said: frozen values, and how they are read for one request."""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select

from app.core.access import Person
from app.core.approvals import Approver, may_approve
from app.core.statuses import ApprovalStatus
from app.models.tables import APPROVAL, MESSAGE, VOTE
from app.queries.reader import Reader

OF_REQUEST = (
    select(APPROVAL).where(APPROVAL.c.request_id == bindparam("key")).order_by(APPROVAL.c.created_at, APPROVAL.c.position)
)
MESSAGES = select(MESSAGE).where(MESSAGE.c.request_id == bindparam("key")).order_by(MESSAGE.c.created_at)


@dataclass(frozen=True, slots=True)
class Vote:
    """What one person said to an approval. vote: `approved`, `rejected` or `sent_back`."""

    person_id: uuid.UUID
    name: str
    vote: str
    comment: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """A question to the requester, their answer, or that they changed the order.

    changes: `[{item, name, before, after}]`, see `core.approvals.differences`.
    """

    kind: str
    author: str
    text: str
    changes: Sequence[Mapping[str, Any]]
    at: datetime


@dataclass(frozen=True, slots=True)
class Approval:
    """One agreement that a request needs. voters: whom it asks, and whom it was escalated to.

    digest: of what is approved. due_at: until when; it moves on while the requester is asked.
    """

    approval_id: str
    status: str
    position: int
    voters: Sequence[Approver]
    needed: int
    reason: str
    digest: str
    requester_id: uuid.UUID
    created_at: datetime
    due_at: datetime
    on_timeout: str
    reminded_at: datetime | None
    escalated_at: datetime | None
    decided_at: datetime | None
    votes: Sequence[Vote] = field(default=())

    @property
    def asked(self) -> Approver:
        """Whom its rule asks."""
        return self.voters[0]

    @property
    def escalated_to(self) -> Approver | None:
        """Who may agree besides."""
        return self.voters[1] if len(self.voters) > 1 else None

    @property
    def pending(self) -> bool:
        """Whether it is still waited for."""
        return self.status == ApprovalStatus.PENDING

    @property
    def agreed(self) -> int:
        """How many have agreed."""
        return sum(one.vote == ApprovalStatus.APPROVED for one in self.votes)

    @property
    def whom(self) -> str:
        """Whom it waits for, as people say it."""
        return " or ".join(one.words for one in self.voters)

    def refuses(self, person: Person) -> str | None:
        """Why a person cannot agree to it now, as a sentence part; None where they can."""
        if not may_approve(person, [one.key for one in self.voters], self.requester_id):
            own = person.id == self.requester_id
            return f"somebody else of {self.whom} must agree" if own else f"only {self.whom} decides this"
        if any(one.person_id == person.id for one in self.votes):
            return "you have said what you think"
        return None if self.pending else "it is decided"


def of_request(session: Reader, request: uuid.UUID) -> list[Approval]:
    """The approvals of a request, those of its present order last. Cost: two indexed reads."""
    rows = session.execute(OF_REQUEST, {"key": request}).all()
    votes = votes_of(session, [row.id for row in rows])
    return [approval(row, votes.get(row.id, ())) for row in rows]


def votes_of(session: Reader, approvals: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, Sequence[Vote]]:
    """What was said to each of these approvals, oldest first."""
    found: dict[uuid.UUID, list[Vote]] = defaultdict(list)
    if approvals:
        statement = select(VOTE).where(VOTE.c.approval_id.in_(approvals)).order_by(VOTE.c.created_at)
        for row in session.execute(statement):
            vote = Vote(row.person_id, row.person_name, row.vote, row.comment, row.created_at)
            found[row.approval_id].append(vote)
    return found


def messages_of(session: Reader, request: uuid.UUID) -> list[Message]:
    """Questions, answers and changes of a request, oldest first."""
    rows = session.execute(MESSAGES, {"key": request})
    return [Message(row.kind, row.author_name, row.text, row.changes, row.created_at) for row in rows]


def approval(row: Row[Any], votes: Sequence[Vote]) -> Approval:
    """The value of a row of `approvals`."""
    return Approval(
        approval_id=row.approval_id,
        status=row.status,
        position=row.position,
        voters=[Approver.of(key) for key in row.voters],
        needed=row.needed,
        reason=row.reason,
        digest=row.digest,
        requester_id=row.requester_id,
        created_at=row.created_at,
        due_at=row.due_at,
        on_timeout=row.on_timeout,
        reminded_at=row.reminded_at,
        escalated_at=row.escalated_at,
        decided_at=row.decided_at,
        votes=votes,
    )
