"""What happened to a request, numbered from 1 without holes. The counter is on the request's own row."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, func, insert, update

from app.models import RequestEvent, ServiceRequest


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
