"""Stores a request with its items, steps, first events and audit row in one statement, or another order in its place."""

import json
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from psycopg.types.json import Json, Jsonb
from sqlalchemy import Connection, Row, delete, update

from app.core.statuses import RequestStatus
from app.lifecycle.caller import Caller
from app.models.tables import ITEM, REQUEST, STEP

ID_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""What a request's id is made of besides the day: nothing that could be misread."""

_PARTS = """
items AS (
    INSERT INTO bundle_request_items (
        request_id, catalog_item, alias, title, version, catalog_version_id, owner, parameters, position
    )
    SELECT made.id, one.catalog_item, one.alias, one.title, one.version, one.catalog_version_id, one.owner, one.parameters,
        one.position
    FROM made, json_populate_recordset(NULL::bundle_request_items, %(items)s) AS one
), steps AS (
    INSERT INTO request_steps (
        request_id, request_number, step_id, step_name, step_title, step_type, kind, item_alias, owner_team, step_config,
        verification_config, depends_on, module_sha256, status, position, ready_at
    )
    SELECT made.id, made.number, one.step_id, one.step_name, one.step_title, one.step_type, one.kind, one.item_alias,
        one.owner_team, one.step_config, one.verification_config, one.depends_on, one.module_sha256, one.status, one.position,
        CASE WHEN one.status = 'ready' THEN made.created_at END
    FROM made, json_populate_recordset(NULL::request_steps, %(steps)s) AS one
)
"""

# Every part hangs on `made`: where the id or the key is taken, nothing at all is written. The columns of items and steps that
# are not named have their defaults.
_STORE = """
WITH made AS (
    INSERT INTO service_requests (
        request_id, title, catalog_kind, catalog_name, catalog_title, catalog_version, catalog_version_id, status,
        bundle_parameters, item_parameters, selected, output_groups, requester_id, requester_user_id, requester_team,
        requester_email, owner_teams, idempotency_key, idempotency_hash, admitted, unapproved, price,
        quota_takes, quota_state, deadline, last_event
    ) VALUES (
        'req-' || to_char(clock_timestamp(), 'YYYYMMDD') || '-' || %(letters)s, %(title)s, %(catalog_kind)s, %(catalog_name)s,
        %(catalog_title)s, %(catalog_version)s, %(catalog_version_id)s, %(status)s,
        %(bundle_parameters)s, %(item_parameters)s, %(selected)s, %(output_groups)s, %(requester_id)s, %(requester_user_id)s,
        %(requester_team)s, %(requester_email)s, %(owner_teams)s, %(idempotency_key)s, %(idempotency_hash)s, %(admitted)s,
        %(unapproved)s, %(price)s, %(quota_takes)s, 'reserved', clock_timestamp() + %(timeout)s::interval,
        cardinality(%(kinds)s::text[])
    ) ON CONFLICT DO NOTHING RETURNING id, request_id, number, created_at
), {parts}, told AS (
    INSERT INTO request_events (request_id, number, kind, actor, payload)
    SELECT made.id, one.place, one.kind, %(actor)s, one.payload
    FROM made, unnest(%(kinds)s::text[], %(payloads)s::json[]) WITH ORDINALITY AS one (kind, payload, place)
), audited AS (
    INSERT INTO audit_log (actor, action, target, result, address, correlation_id, details)
    SELECT %(actor)s, 'request.submit', 'request:' || made.request_id, 'done', %(address)s, %(correlation_id)s, %(details)s
    FROM made
)
SELECT id, request_id, created_at FROM made
""".replace("{parts}", _PARTS)


@dataclass(frozen=True, slots=True)
class NewRequest:
    """The columns of a request that is stored: see `app.models.requests`. timeout: how long it may take.

    admitted is true only of one that is not `unapproved`.
    """

    title: str
    catalog_kind: str
    catalog_name: str
    catalog_title: str
    catalog_version: str
    catalog_version_id: uuid.UUID
    bundle_parameters: Mapping[str, Any]
    item_parameters: Mapping[str, Any]
    selected: Mapping[str, bool]
    output_groups: Sequence[str]
    requester_team: str
    owner_teams: Sequence[str]
    idempotency_key: str | None
    idempotency_hash: str | None
    admitted: bool
    timeout: timedelta | None
    unapproved: bool = False
    price: Mapping[str, Any] | None = None
    quota_takes: Mapping[str, Any] = field(default_factory=dict)


def store(
    connection: Connection,
    caller: Caller,
    new: NewRequest,
    items: Sequence[Mapping[str, Any]],
    steps: Sequence[Mapping[str, Any]],
) -> Row[Any] | None:
    """Store it all; `(id, request_id, created_at)`, or None where its id or its idempotency key is taken.

    items, steps: rows by column name, plain JSON. The id is `req-YYYYMMDD-xxxxxx`: the database's day, and six letters and
    digits that nobody can guess or misread.
    """
    person = caller.person
    told = {"by": person.name, "team": new.requester_team}
    audited = {"catalog": new.catalog_name, "version": new.catalog_version, "team": new.requester_team}
    waits_for_turn = not new.admitted and not new.unapproved
    kinds = ["request.submitted", "request.queued"] if waits_for_turn else ["request.submitted"]
    values = {
        "letters": "".join(secrets.choice(ID_LETTERS) for _ in range(6)),
        "title": new.title,
        "catalog_kind": new.catalog_kind,
        "catalog_name": new.catalog_name,
        "catalog_title": new.catalog_title,
        "catalog_version": new.catalog_version,
        "catalog_version_id": new.catalog_version_id,
        "status": RequestStatus.SUBMITTED,
        "bundle_parameters": Json(dict(new.bundle_parameters)),
        "item_parameters": Json(dict(new.item_parameters)),
        "selected": Json(dict(new.selected)),
        "output_groups": Jsonb(list(new.output_groups)),
        "requester_id": person.id,
        "requester_user_id": person.user_id,
        "requester_team": new.requester_team,
        "requester_email": person.email,
        "owner_teams": Jsonb(list(new.owner_teams)),
        "idempotency_key": new.idempotency_key,
        "idempotency_hash": new.idempotency_hash,
        "admitted": new.admitted,
        "unapproved": new.unapproved,
        "price": Json(dict(new.price)) if new.price is not None else None,
        "quota_takes": Json(dict(new.quota_takes)),
        "timeout": new.timeout,
        "items": Json([dict(item) for item in items]),
        "steps": Json([dict(step) for step in steps]),
        "kinds": kinds,
        "payloads": [json.dumps(told), *["{}" for _ in kinds[1:]]],
        "actor": person.user_id,
        "address": caller.address,
        "correlation_id": caller.correlation_id,
        "details": Json(audited),
    }
    return connection.exec_driver_sql(_STORE, values).one_or_none()


_REPLACE = """
WITH made AS (SELECT id, number, created_at FROM service_requests WHERE id = %(request)s), {parts}
SELECT id FROM made
""".replace("{parts}", _PARTS)


def replace(
    connection: Connection,
    request: uuid.UUID,
    new: Mapping[str, Any],
    items: Sequence[Mapping[str, Any]],
    steps: Sequence[Mapping[str, Any]],
) -> None:
    """Put another order in the place of a request's, of which nothing was begun. The caller holds the request's lock.

    new: columns of the request, by name; items, steps: as in `store`.
    """
    connection.execute(update(REQUEST).where(REQUEST.c.id == request).values(**new))
    connection.execute(delete(STEP).where(STEP.c.request_id == request))
    connection.execute(delete(ITEM).where(ITEM.c.request_id == request))
    rows = {"items": Json([dict(item) for item in items]), "steps": Json([dict(step) for step in steps])}
    connection.exec_driver_sql(_REPLACE, {"request": request, **rows})
