"""What happened to a request, numbered from 1 without holes. The counter is on the request's own row."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, func, insert, update

from app.models import RequestEvent, ServiceRequest

CHANNEL = "stratus:events"
"""Where Redis says which requests have news: their keys, apart from each other by blanks. Nobody has to say it, or hear it."""
_CHANGED = "stratus.changed"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. kind: e.g. `step.completed`; step_id: `step-002` where it is about a step."""

    kind: str
    step_id: str | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)


def append(connection: Connection, request_id: uuid.UUID, actor: str, events: Sequence[Event]) -> int:
    """Write `events` in order under the request's row lock; answers the number of the last one.

    `updated_at` moves with them. Cost: one UPDATE and one INSERT, however many events.
    """
    connection.info.setdefault(_CHANGED, set()).add(request_id)
    last: int = connection.execute(
        update(ServiceRequest)
        .where(ServiceRequest.id == request_id)
        .values(last_event=ServiceRequest.last_event + len(events), updated_at=func.clock_timestamp())
        .returning(ServiceRequest.last_event)
    ).scalar_one()
    first = last - len(events) + 1
    if events:
        connection.execute(
            insert(RequestEvent),
            [
                {
                    "request_id": request_id,
                    "number": first + offset,
                    "kind": event.kind,
                    "actor": actor,
                    "step_id": event.step_id,
                    "payload": dict(event.payload),
                }
                for offset, event in enumerate(events)
            ],
        )
    return last


def changed(connection: Connection) -> set[uuid.UUID]:
    """The keys of the requests that were told of through this connection since this was asked last: what to say after a commit.

    After a transaction that was rolled back it may name some that have no news, which costs those who watch them one look.
    """
    found: set[uuid.UUID] = connection.info.pop(_CHANGED, set())
    return found
