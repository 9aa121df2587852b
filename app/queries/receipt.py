"""The receipt of a request: what was ordered, out of which documents, who decided what, what was done, and what came of it.

Plain JSON, whose digest anybody can work out again. It tells how the request stands: as long as that changes, so does it.
"""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, select

from app.core.access import Person
from app.core.canonical import DIGEST, digest
from app.core.secrecy import MASK, masked_answers, secret_fields
from app.core.statuses import ManagedBy, TicketStatus
from app.models import User
from app.models.tables import (
    APPROVAL,
    ATTEMPT,
    BATCH,
    BATCH_ROW,
    EVENT,
    ITEM,
    MESSAGE,
    STEP,
    TICKET,
    VERSION,
    VOTE,
)
from app.queries.reader import Reader
from app.queries.requests import row_of

FORMAT = 1
DECISIONS = (
    "request.submitted",
    "request.revised",
    "request.cancel",
    "request.timeout",
    "request.resumed",
    "request.rollback",
    "ticket.retried",
    "ticket.rejected",
)
"""Events that tell of a decision. Approvals, questions and tickets are told by themselves; a step that is skipped, by `by`."""

SOURCE = ("source_path", "source_hash", "commit", "modules")


def receipt(session: Reader, person: Person, request_id: str) -> dict[str, Any]:
    """The receipt. Raises NotFound, also for what the person may not see. Cost: ten indexed reads.

    Secrets are masked for everybody; times are in UTC, so that the same receipt is the same text in every zone.
    """
    row = row_of(session, person, request_id)
    version = session.execute(select(VERSION).where(VERSION.c.id == row.catalog_version_id)).one()
    items = _items(session, row.id)
    steps = session.execute(select(STEP).where(STEP.c.request_id == row.id).order_by(STEP.c.position)).all()
    names = {step.id: step.step_id for step in steps}
    document = {
        "format": FORMAT,
        "request_id": row.request_id,
        "title": row.title,
        "status": row.status,
        "created_at": _moment(row.created_at),
        "completed_at": _moment(row.completed_at),
        "failure": row.failure,
        "requester": {
            "user_id": row.requester_user_id,
            "name": row.requester_name,
            "email": row.requester_email,
            "team": row.requester_team,
        },
        "batch": _batch(session, row.id),
        "ordered": {
            "kind": row.catalog_kind,
            "name": row.catalog_name,
            "title": row.catalog_title,
            **_source(version),
            "items": [_item(item) for item in items],
        },
        "answers": _answers(row, version, items),
        "price": row.price,
        "approvals": _approvals(session, row.id),
        "questions": _messages(session, row.id),
        "decisions": _decisions(session, row.id),
        "steps": _steps(session, steps),
        "human_edits": _human_edits(session, row.id, names, {step.id: step for step in steps}),
        "outputs": row.outputs,
    }
    return {**document, DIGEST: digest(document)}


def _moment(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="microseconds") if at else None


def _source(version: Row[Any]) -> dict[str, Any]:
    """Which document it was: its version, where it lies, its hash, the commit it was read at, the modules it pinned."""
    return {
        "version": version.version,
        "owner": version.owner,
        "source_path": version.source_path,
        "source_hash": version.source_hash,
        "commit": version.commit,
        "modules": version.modules,
    }


def _batch(session: Reader, request: uuid.UUID) -> dict[str, Any] | None:
    """The batch and the row that the request came with; the first one, where the row was sent again."""
    rows = select(BATCH.c.batch_id, BATCH_ROW.c.position, BATCH_ROW.c.key).join(BATCH, BATCH.c.id == BATCH_ROW.c.batch_id)
    first = rows.where(BATCH_ROW.c.request_id == request, ~BATCH_ROW.c.repeated)
    row = session.execute(first).one_or_none()
    return {"batch_id": row.batch_id, "row": row.position, "key": row.key} if row else None


def _items(session: Reader, request: uuid.UUID) -> Sequence[Row[Any]]:
    taken = (ITEM.c.alias, ITEM.c.catalog_item, ITEM.c.title, ITEM.c.parameters)
    rows = select(*taken, *(VERSION.c[name] for name in ("definition", "version", "owner", *SOURCE)))
    mine = rows.join(VERSION, VERSION.c.id == ITEM.c.catalog_version_id).where(ITEM.c.request_id == request)
    return session.execute(mine.order_by(ITEM.c.position)).all()


def _item(item: Row[Any]) -> dict[str, Any]:
    return {"alias": item.alias, "catalog_item": item.catalog_item, "title": item.title, **_source(item)}


def _answers(row: Row[Any], version: Row[Any], items: Sequence[Row[Any]]) -> dict[str, Any]:
    """All values that were built from, defaults and fixed ones included, secret ones masked."""
    own = masked_answers(secret_fields(version.definition), row.bundle_parameters)
    return {
        "selected": row.selected,
        "bundle_parameters": own,
        "item_parameters": {item.alias: masked_answers(secret_fields(item.definition), item.parameters) for item in items},
    }


def _approvals(session: Reader, request: uuid.UUID) -> list[dict[str, Any]]:
    approvals = session.execute(select(APPROVAL).where(APPROVAL.c.request_id == request).order_by(APPROVAL.c.position)).all()
    votes: dict[uuid.UUID, list[dict[str, Any]]] = defaultdict(list)
    cast = (
        select(VOTE, User.subject)
        .join(User, User.id == VOTE.c.person_id)
        .where(VOTE.c.approval_id.in_([one.id for one in approvals]))
    )
    for vote in session.execute(cast.order_by(VOTE.c.created_at, VOTE.c.id)):
        said = {"vote": vote.vote, "comment": vote.comment, "at": _moment(vote.created_at)}
        votes[vote.approval_id].append({"user_id": vote.subject, "name": vote.person_name, **said})
    return [
        {
            "approval_id": one.approval_id,
            "status": one.status,
            "asked": one.asked,
            "needed": one.needed,
            "reason": one.reason,
            "approved_digest": one.digest,
            "created_at": _moment(one.created_at),
            "decided_at": _moment(one.decided_at),
            "votes": votes[one.id],
        }
        for one in approvals
    ]


def _messages(session: Reader, request: uuid.UUID) -> list[dict[str, Any]]:
    """What the requester was asked and said before it was built."""
    asked = select(MESSAGE, User.subject).join(User, User.id == MESSAGE.c.author_id).where(MESSAGE.c.request_id == request)
    return [
        {
            "kind": one.kind,
            "user_id": one.subject,
            "name": one.author_name,
            "text": one.text,
            "changes": one.changes,
            "at": _moment(one.created_at),
        }
        for one in session.execute(asked.order_by(MESSAGE.c.created_at, MESSAGE.c.id))
    ]


def _decisions(session: Reader, request: uuid.UUID) -> list[dict[str, Any]]:
    told = select(EVENT).where(EVENT.c.request_id == request, EVENT.c.kind.in_([*DECISIONS, "step.skipped"]))
    return [
        {
            "number": event.number,
            "what": event.kind,
            "actor": event.actor,
            "at": _moment(event.occurred_at),
            "step_id": event.step_id,
            "details": event.payload,
        }
        for event in session.execute(told.order_by(EVENT.c.number))
        if event.kind != "step.skipped" or "by" in event.payload
    ]


def _steps(session: Reader, steps: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    attempts: dict[uuid.UUID, list[dict[str, Any]]] = defaultdict(list)
    mine = select(ATTEMPT).where(ATTEMPT.c.step_id.in_([step.id for step in steps]))
    for one in session.execute(mine.order_by(ATTEMPT.c.attempt_number)):
        attempts[one.step_id].append(
            {
                "attempt_number": one.attempt_number,
                "status": one.status,
                "started_at": _moment(one.started_at),
                "completed_at": _moment(one.completed_at),
                "error": one.error,
                "external_id": one.external_id,
            }
        )
    return [
        {
            "step_id": step.step_id,
            "name": step.step_name,
            "title": step.step_title,
            "type": step.step_type,
            "kind": step.kind,
            "item": step.item_alias,
            "owner_team": step.owner_team,
            "module_sha256": step.module_sha256,
            "status": step.status,
            "started_at": _moment(step.started_at),
            "completed_at": _moment(step.completed_at),
            "managed_by": step.managed_by,
            "undo": step.undo,
            "attempts": attempts[step.id],
        }
        for step in steps
    ]


def _human_edits(
    session: Reader, request: uuid.UUID, names: Mapping[uuid.UUID, str], steps: Mapping[uuid.UUID, Row[Any]]
) -> list[dict[str, Any]]:
    """What people did by hand: the tickets that ended, who ended them, and the outputs that they filled in."""
    ended = (
        select(TICKET, User.subject, User.name)
        .join(User, User.id == TICKET.c.resolved_by_id)
        .where(TICKET.c.request_id == request)
    )
    return [
        {
            "ticket_id": one.ticket_id,
            "step_id": names[one.step_id],
            "type": one.ticket_type,
            "title": one.title,
            "how": one.status,
            "said": one.resolution,
            "user_id": one.subject,
            "name": one.name,
            "opened_at": _moment(one.created_at),
            "ended_at": _moment(one.resolved_at),
            "outputs": _filled_in(one, steps[one.step_id]),
        }
        for one in session.execute(ended.order_by(TICKET.c.resolved_at, TICKET.c.id))
    ]


def _filled_in(ticket: Row[Any], step: Row[Any]) -> dict[str, Any]:
    """The outputs that came with a resolution. A step is completed by one ticket at most, which then manages it."""
    if ticket.status != TicketStatus.RESOLVED or ticket.ticket_type == "undo" or step.managed_by != ManagedBy.PERSON:
        return {}
    return {**step.outputs, **dict.fromkeys(step.sensitive_outputs, MASK)}
