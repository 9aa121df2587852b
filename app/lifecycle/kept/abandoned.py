"""Drafts that nobody goes on with: when one goes, and what of drafts and templates is cleared away once a day."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func

from app import audit
from app.lifecycle.kept.keeping import BROUGHT_BACK_FOR
from app.models.tables import DRAFT, TEMPLATE


def kept_until(updated_at: datetime, days: int) -> datetime | None:
    """Until when a draft stays that nobody changes; None: as long as its owner likes (days: 0)."""
    return updated_at + timedelta(days=days) if days else None


def clear(connection: Connection, unchanged_for: timedelta) -> int:
    """End drafts that nobody changed for so long, and what was deleted too long ago to be brought back; answers how many.

    unchanged_for: of zero keeps drafts for ever. Templates stay until somebody deletes them. The audit log is told of drafts
    that went as a count: what stood in them was never sent.
    """
    for table in (DRAFT, TEMPLATE):
        connection.execute(delete(table).where(table.c.deleted_at < func.clock_timestamp() - BROUGHT_BACK_FOR))
    if not unchanged_for:
        return 0
    gone = connection.execute(delete(DRAFT).where(DRAFT.c.updated_at < func.clock_timestamp() - unchanged_for)).rowcount
    if gone:
        details = {"count": gone, "unchanged_days": unchanged_for.days}
        audit.record(connection, [audit.Act("system", "draft.expire", "drafts", details=details)])
    return gone
