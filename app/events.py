"""What happened to a request, numbered from 1 without holes, and audited. The counter is on the request's own row."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection

from app.audit import Act

CHANNEL = "stratus:events"
"""Where Redis says which requests have news: their keys, apart from each other by blanks. Nobody has to say it, or hear it."""
_changed: WeakKeyDictionary[Connection, set[uuid.UUID]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. kind: e.g. `step.completed`; step_id: `step-002` where it is about a step."""

    kind: str
    step_id: str | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)


# One statement instead of three: whatever moves a step writes all of these. Its parts cannot run in a wrong order: the
# numbers come from the counter, and the request's row is locked by whoever calls.
_TELL = """
WITH counted AS (
    UPDATE service_requests SET last_event = last_event + %(many)s, updated_at = clock_timestamp()
    WHERE id = %(request)s AND %(many)s > 0 RETURNING last_event - %(many)s AS before
), told AS (
    INSERT INTO request_events (request_id, number, kind, actor, step_id, payload)
    SELECT %(request)s, counted.before + one.place, one.kind, %(actor)s, one.step_id, one.payload
    FROM counted, unnest(%(kinds)s::text[], %(steps)s::text[], %(payloads)s::json[])
        WITH ORDINALITY AS one (kind, step_id, payload, place)
)
INSERT INTO audit_log (actor, action, target, result, address, correlation_id, details)
SELECT * FROM unnest(
    %(actors)s::text[], %(actions)s::text[], %(targets)s::text[], %(results)s::text[],
    %(addresses)s::text[], %(correlations)s::text[], %(details)s::json[]
)
"""


def tell(connection: Connection, request_id: uuid.UUID, actor: str, events: Sequence[Event], acts: Sequence[Act]) -> None:
    """Write `events` in order, and `acts`, under the request's row lock. `updated_at` moves with every event.

    Cost: one statement, however many events and acts.
    """
    if not events and not acts:
        return
    _changed.setdefault(connection, set()).add(request_id)
    connection.exec_driver_sql(
        _TELL,
        {
            "request": request_id,
            "actor": actor,
            "many": len(events),
            "kinds": [event.kind for event in events],
            "steps": [event.step_id for event in events],
            "payloads": [json.dumps(dict(event.payload)) for event in events],
            "actors": [act.actor for act in acts],
            "actions": [act.action for act in acts],
            "targets": [act.target for act in acts],
            "results": [act.result for act in acts],
            "addresses": [act.address for act in acts],
            "correlations": [act.correlation_id for act in acts],
            "details": [json.dumps(dict(act.details)) for act in acts],
        },
    )


def changed(connection: Connection) -> set[uuid.UUID]:
    """The keys of the requests that were told of through this connection since this was asked last: what to say after a commit.

    After a transaction that was rolled back it may name some that have no news, which costs those who watch them one look.
    """
    return _changed.pop(connection, set())
