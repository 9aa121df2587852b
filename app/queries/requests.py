"""Requests as people and clients read them. Everything is scoped in SQL to what the person may see; outside it is 404."""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Row, Select, Text, any_, bindparam, or_, select
from sqlalchemy.dialects.postgresql import ARRAY

from app.core.access import Person
from app.core.decisions import Look, refuses_from, refuses_skip, refuses_step_retry
from app.core.statuses import TICKET_OPEN, Activity, AttemptStatus, RequestStatus, StepStatus
from app.errors import NotFound
from app.models import User
from app.models.tables import ATTEMPT, EVENT, ITEM, LOG, OUTPUT, REQUEST, STEP, TICKET, VERSION, is_one_of
from app.queries import files, members
from app.queries.approval_values import messages_of, of_request
from app.queries.forecast import of_entry
from app.queries.reader import Reader
from app.queries.shapes import Attempt, Detail, Event, Item, Line, Output, Outputs, Step, Summary, TicketLink
from app.queries.waiting_on import waiting_on

TEAMS: BindParameter[Sequence[str]] = bindparam("teams", type_=ARRAY(Text))
EVERYTHING, NOTHING = REQUEST.c.id.is_not(None), REQUEST.c.id.is_(None)
OF_TEAMS = or_(
    REQUEST.c.requester_team == any_(TEAMS),
    REQUEST.c.owner_teams.op("?|")(TEAMS),
)


def visible(person: Person) -> ColumnElement[bool]:
    """The rule of `core.access.may_see_request`, in SQL; who runs it gives it `teams_of`. A test compares the two.

    It is one of three conditions, whoever asks, so that a statement with it can be kept.
    """
    if person.is_admin:
        return EVERYTHING
    return OF_TEAMS if person.teams else NOTHING


def teams_of(person: Person) -> dict[str, Any]:
    """What `visible` asks for."""
    return {"teams": sorted(person.teams)}


SUMMARY = [
    *(
        REQUEST.c[name]
        for name in (
            "id",
            "request_id",
            "title",
            "status",
            "catalog_kind",
            "catalog_name",
            "catalog_title",
            "catalog_version",
            "requester_user_id",
            "requester_team",
            "created_at",
            "updated_at",
            "completed_at",
            "last_event",
            "failure",
            "admitted",
        )
    ),
    User.name.label("requester_name"),
]
"""The columns of a `Summary`."""

# Statements that are always the same are made once: making one costs more than what PostgreSQL does for it.
_KEY: BindParameter[uuid.UUID] = bindparam("key")
_EARLIER = ATTEMPT.alias("earlier")
_COMPLETED = select(_EARLIER.c.id).where(_EARLIER.c.step_id == STEP.c.id, is_one_of(_EARLIER.c.status, AttemptStatus.COMPLETED))
STEPS = (
    select(
        STEP,
        TICKET.c.ticket_id,
        TICKET.c.status.label("ticket_status"),
        TICKET.c.created_at.label("ticket_created_at"),
        TICKET.c.due_at,
        TICKET.c.ticket_type,
        User.name.label("claimed_by_name"),
        ATTEMPT.c.status.label("last_attempt"),
        # Looked for only where a step that was done is to be done again.
        (STEP.c.completed_at.is_(None) & (STEP.c.attempt_group > 1) & _COMPLETED.exists()).label("took_effect"),
    )
    .outerjoin(TICKET, (TICKET.c.step_id == STEP.c.id) & is_one_of(TICKET.c.status, *sorted(TICKET_OPEN)))
    .outerjoin(User, User.id == TICKET.c.claimed_by_id)
    .outerjoin(ATTEMPT, (ATTEMPT.c.step_id == STEP.c.id) & (ATTEMPT.c.attempt_number == STEP.c.attempt))
    .where(STEP.c.request_id == _KEY)
    .order_by(STEP.c.position)
)
ITEMS = (
    select(ITEM, VERSION.c.definition)
    .join(VERSION, VERSION.c.id == ITEM.c.catalog_version_id)
    .where(ITEM.c.request_id == _KEY)
    .order_by(ITEM.c.position)
)
DEFINITION = select(VERSION.c.definition).where(VERSION.c.id == _KEY)
OUTPUTS = select(OUTPUT).where(OUTPUT.c.request_id == _KEY).order_by(OUTPUT.c.created_at, OUTPUT.c.position)
HISTORY = select(EVENT).where(EVENT.c.request_id == _KEY).order_by(EVENT.c.number.desc()).limit(bindparam("most"))


@cache
def _of_name(seen: ColumnElement[bool]) -> Select[Any]:
    """The request of a name, as far as `seen` lets somebody see it."""
    rows = select(REQUEST, User.name.label("requester_name")).join(User, User.id == REQUEST.c.requester_id)
    return rows.where(REQUEST.c.request_id == bindparam("name"), seen)


def detail(session: Reader, person: Person, request_id: str) -> Detail:
    """One request with its items, steps, checks and outputs. Raises NotFound, also for what the person may not see."""
    row = row_of(session, person, request_id)
    rows = _steps(session, row)
    steps = [one for one in rows if one.kind == "step"]
    items = _items(session, row.id)
    bundle = session.scalar(DEFINITION, {"key": row.catalog_version_id}) or {}
    approvals = of_request(session, row.id)
    counts: dict[str, int] = defaultdict(int)
    for step in steps:
        counts[step.status] += 1
    own_fields = (bundle.get("presentation") or {}).get("bundle_fields") or ()
    found = Detail(
        summary=summary(row, counts),
        requester_email=row.requester_email,
        bundle_parameters=row.bundle_parameters,
        bundle_fields=own_fields,
        files=files.named(session, row.id, [*own_fields, *(one for item in items for one in item.fields)]),
        people=members.named(session, [(own_fields, row.bundle_parameters), *((one.fields, one.parameters) for one in items)]),
        items=items,
        steps=steps,
        outputs=_outputs(session, row.id),
        grouped_outputs=_grouped(row, items),
        manual_only=all(step.type == "ManualTask" for step in steps),
        checks=[one for one in rows if one.kind != "step"],
        price=row.price,
        approvals=approvals,
        messages=messages_of(session, row.id) if approvals else (),
        unapproved=row.unapproved,
    )
    return found if found.summary.ended else _with_usual(session, found)


def _with_usual(session: Reader, found: Detail) -> Detail:
    """What goes on, with what past runs tell of it."""
    summary = found.summary
    known = of_entry(session, summary.kind, summary.catalog_name)
    return replace(found, forecast=known, waiting_on=waiting_on(session, found))


def step(session: Reader, person: Person, request_id: str, step_id: str) -> Step:
    """One step or check with its attempts. Raises NotFound."""
    row = row_of(session, person, request_id)
    found = next((one for one in _steps(session, row, with_attempts=True) if one.step_id == step_id), None)
    if found is None:
        raise NotFound(f"{request_id} has no step {step_id}.")
    return found


def outputs(session: Reader, person: Person, request_id: str) -> Outputs:
    """The outputs so far, in the order of the items, the bundle's own last. Raises NotFound."""
    row = row_of(session, person, request_id)
    groups = _groups(row, _items(session, row.id))
    written = {group: row.outputs[group] for group in groups if group in row.outputs}
    return Outputs(written, groups, alone=row.catalog_kind == "item")


def history(session: Reader, person: Person, request_id: str, limit: int = 50) -> Sequence[Event]:
    """The newest events first: the page's timeline. Raises NotFound."""
    row = row_of(session, person, request_id)
    return [_event(one) for one in session.execute(HISTORY, {"key": row.id, "most": limit})]


def log(
    session: Reader,
    person: Person,
    request_id: str,
    step_id: str,
    attempt: int | None = None,
    *,
    tail: int | None = 200,
    after: int = 0,
) -> tuple[int, Sequence[Line]]:
    """The lines of one attempt (the newest one without `attempt`), oldest first; `tail` keeps the last ones.

    Answers the attempt's number (0 before the first) and its lines. Raises NotFound.
    """
    row = row_of(session, person, request_id)
    found = session.execute(
        select(STEP.c.id, STEP.c.attempt).where(STEP.c.request_id == row.id, STEP.c.step_id == step_id)
    ).one_or_none()
    if found is None or (attempt is not None and not 1 <= attempt <= found.attempt):
        raise NotFound("There is no such attempt.")
    number = attempt or found.attempt
    mine = (LOG.c.step_id == found.id, LOG.c.attempt_number == number, LOG.c.number > after)
    rows = session.execute(select(LOG).where(*mine).order_by(LOG.c.number.desc()).limit(tail)).all()
    return number, [Line(one.number, one.logged_at, one.line) for one in reversed(rows)]


def row_of(session: Reader, person: Person, request_id: str) -> Row[Any]:
    """The row of a request with `requester_name`. Raises NotFound, also for what the person may not see."""
    row = session.execute(_of_name(visible(person)), {"name": request_id, **teams_of(person)}).one_or_none()
    if row is None:
        raise NotFound(f"There is no request {request_id}, or none that you may see.")
    return row


def summary(row: Row[Any], counts: Mapping[str, int]) -> Summary:
    """A row with the columns of `SUMMARY`, and how many of its steps are in which state."""
    return Summary(
        request_id=row.request_id,
        title=row.title,
        status=row.status,
        kind=row.catalog_kind,
        catalog_name=row.catalog_name,
        catalog_title=row.catalog_title,
        version=row.catalog_version,
        requester_user_id=row.requester_user_id,
        requester_name=row.requester_name,
        team=row.requester_team,
        created_at=row.created_at,
        updated_at=row.updated_at,
        completed_at=row.completed_at,
        last_event=row.last_event,
        failure=row.failure,
        steps=dict(counts),
        admitted=row.admitted,
    )


def _steps(session: Reader, request: Row[Any], *, with_attempts: bool = False) -> list[Step]:
    rows = session.execute(STEPS, {"key": request.id}).all()
    attempts = _attempts(session, [row.id for row in rows]) if with_attempts else {}
    return decided(request.status, request.failure, [_step(row, attempts.get(row.id, ())) for row in rows])


def decided(status: str, failure: str | None, steps: Sequence[Step]) -> list[Step]:
    """The steps of a request with what makes sense to do about each."""
    look = Look(RequestStatus(status), [one.look for one in steps], given_up=failure is not None)
    return [
        replace(
            one,
            can_retry=refuses_step_retry(look, one.step_id) is None,
            can_retry_from=refuses_from(look, one.step_id) is None,
            can_skip=refuses_skip(look, one.step_id) is None,
        )
        for one in steps
    ]


def _attempts(session: Reader, steps: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Attempt]]:
    found: dict[uuid.UUID, list[Attempt]] = defaultdict(list)
    for row in session.execute(select(ATTEMPT).where(ATTEMPT.c.step_id.in_(steps)).order_by(ATTEMPT.c.attempt_number)):
        found[row.step_id].append(
            Attempt(
                number=row.attempt_number,
                status=row.status,
                started_at=row.started_at,
                completed_at=row.completed_at,
                error=row.error,
                inputs=row.inputs,
                evidence=row.evidence,
                late_result=row.late_result,
                external_id=row.external_id,
                worker=row.worker,
            )
        )
    return found


def _step(row: Row[Any], attempts: Sequence[Attempt]) -> Step:
    ticket = None
    if row.ticket_id is not None:
        ticket = TicketLink(
            row.ticket_id,
            row.ticket_status,
            row.owner_team,
            row.claimed_by_name,
            row.ticket_created_at,
            row.due_at,
            row.ticket_type,
        )
    return Step(
        step_id=row.step_id,
        name=row.step_name,
        title=row.step_title,
        type=row.step_type,
        status=_shown_status(row),
        position=row.position,
        depends_on=row.depends_on,
        item=row.item_alias,
        owner_team=row.owner_team,
        started_at=row.started_at,
        completed_at=row.completed_at,
        outputs=row.outputs,
        sensitive_outputs=row.sensitive_outputs,
        declared_outputs=row.step_config.get("outputs") or {},
        external_id=row.external_id,
        tracking_url=row.tracking_url,
        managed_by=row.managed_by,
        error=row.error,
        verification=row.verification,
        verification_config=row.verification_config,
        retry_at=row.check_after if row.status == StepStatus.WAITING and row.activity == Activity.RUN else None,
        attempt=row.attempt,
        ticket=ticket,
        attempts=attempts,
        **(_seen(row) if row.kind != "step" else {}),
        kind=row.kind,
        activity=row.activity,
        undo_how=row.step_config.get("undo", "person"),
        undo=row.undo,
        read_by=row.step_config.get("read_by") or (),
        unsure=row.last_attempt == AttemptStatus.INDETERMINATE,
        repeatable=bool(row.step_config.get("repeatable")),
        took_effect=row.took_effect,
    )


def _seen(row: Row[Any]) -> dict[str, Any]:
    """What a check saw at its last look: it is kept with the result, with the failure, or with the wait for the next look."""
    failed = (row.error or {}).get("details") or {}
    said = row.handle or (row.verification[0] if row.verification else failed)
    return {key: said.get(key) for key in ("expected", "actual")}


LOOKED_AT: Mapping[str, StepStatus] = {Activity.POLL: StepStatus.WAITING, Activity.PROBE: StepStatus.INDETERMINATE}


def _shown_status(row: Row[Any]) -> str:
    """A step that is being looked at again still waits, or is still unknown, for whoever watches: polls do not flicker."""
    shown = LOOKED_AT.get(row.activity) if row.status == StepStatus.RUNNING else None
    return shown or str(row.status)


def _items(session: Reader, request: uuid.UUID) -> list[Item]:
    rows = session.execute(ITEMS, {"key": request})
    return [
        Item(
            alias=row.alias,
            catalog_item=row.catalog_item,
            title=row.title,
            version=row.version,
            owner=row.owner,
            parameters=row.parameters,
            fields=(row.definition.get("presentation") or {}).get("fields") or (),
            declared_outputs=row.definition.get("outputs") or {},
            inputs=[{**spec, "name": name} for name, spec in (row.definition.get("inputs") or {}).items()],
        )
        for row in rows
    ]


def _outputs(session: Reader, request: uuid.UUID) -> list[Output]:
    rows = session.execute(OUTPUTS, {"key": request})
    return [Output(row.group, row.name, row.value, row.sensitive, row.description) for row in rows]


def _grouped(row: Row[Any], items: Sequence[Item]) -> Mapping[str, Any]:
    """Grouped by alias in the order of the items, the bundle's own last; of an item ordered alone, flat."""
    written: Mapping[str, Any] = row.outputs
    if row.catalog_kind == "item":
        return next(iter(written.values()), {})
    return {group: written[group] for group in _groups(row, items) if group in written}


def _groups(row: Row[Any], items: Sequence[Item]) -> list[str]:
    return [item.alias for item in items] + (["bundle"] if row.catalog_kind == "bundle" else [])


def _event(row: Row[Any]) -> Event:
    return Event(row.number, row.kind, row.occurred_at, row.actor, row.step_id, row.payload)
