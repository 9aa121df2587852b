"""An approval that nobody gives: those who are asked are reminded once, then others may agree besides, or the request ends."""

import uuid
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select, update

from app.core.approvals import Approver
from app.core.statuses import ApprovalStatus, RequestStatus
from app.lifecycle import write
from app.lifecycle.approvals import approving
from app.lifecycle.engine.claims import DUE_BY
from app.models.tables import APPROVAL, REQUEST, is_one_of


def due() -> Select[Any]:
    """The approvals whose time has come, with their requests, by the index that holds only those that are waited for."""
    return select(APPROVAL.c.id, APPROVAL.c.request_id).where(_pending(), APPROVAL.c.next_at <= DUE_BY)


def _pending() -> Any:
    return is_one_of(APPROVAL.c.status, ApprovalStatus.PENDING)


def act(connection: Connection, approval: uuid.UUID, request: uuid.UUID) -> bool:
    """Remind, escalate or reject; False when it was decided meanwhile, or another sweep was faster."""
    with write.change(connection, request, "system") as change:
        mine = (APPROVAL.c.id == approval, _pending(), APPROVAL.c.next_at <= DUE_BY)
        row = connection.execute(select(APPROVAL).where(*mine)).one_or_none()
        if row is None or change.status != RequestStatus.PENDING_APPROVAL:
            return False
        if row.due_at > change.now:
            _remind(change, row)
        elif row.on_timeout == "reject":
            _reject(change, row)
        else:
            _escalate(change, row)
        return True


def _remind(change: write.Change, approval: Row[Any]) -> None:
    _set(change, approval, reminded_at=func.clock_timestamp(), next_at=approval.due_at)
    change.tell("approval.reminded", None, approval_id=approval.approval_id, asked=approval.asked)
    change.audit("approval.reminded", f"approval:{approval.approval_id}")


def _reject(change: write.Change, approval: Row[Any]) -> None:
    reason = f"Nobody of {Approver.of(approval.asked).words} agreed in time."
    change.move_approval(approval.id, ApprovalStatus.REJECTED, reason=reason)
    approving.drop(change, RequestStatus.REJECTED, reason)


def _escalate(change: write.Change, approval: Row[Any]) -> None:
    """Others may agree besides; they see the request from now on."""
    to = Approver.of(approval.escalate_to)
    voters = list(dict.fromkeys([*approval.voters, to.key]))
    _set(change, approval, voters=voters, escalated_at=func.clock_timestamp(), next_at=None)
    if to.kind == "team" and to.name not in change.request.owner_teams:
        seen_by = sorted({*change.request.owner_teams, to.name})
        change.connection.execute(update(REQUEST).where(REQUEST.c.id == change.request.id).values(owner_teams=seen_by))
    change.tell("approval.escalated", None, approval_id=approval.approval_id, asked=approval.asked, to=to.key)
    change.audit("approval.escalated", f"approval:{approval.approval_id}", to=to.key)


def _set(change: write.Change, approval: Row[Any], **values: Any) -> None:
    change.connection.execute(update(APPROVAL).where(APPROVAL.c.id == approval.id).values(**values))
