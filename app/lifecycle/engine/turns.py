"""Taking turns: how many requests of a team, or of an item, are built at once, and what has waited long comes first.

A request whose turn has not come is accepted and planned as any other, but none of its steps is ready. Where no limit is
set nothing is counted: a claim never looks at limits. Where people must agree first, the turn comes after that.
"""

import logging
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Integer, Row, cast, func, select, update
from sqlalchemy.dialects.postgresql import distinct_on

from app.core.plan import concurrent
from app.core.statuses import StepStatus
from app.lifecycle import write
from app.lifecycle.engine.progress import Tools
from app.lifecycle.engine.settle import settle
from app.models.tables import ITEM, REQUEST, STEP, VERSION, is_one_of

log = logging.getLogger(__name__)
BATCH = 50
"""How many are let in at once, about: the next look goes on."""
AGING_SECONDS = 60
"""A ready step moves up by one priority for each of these that it has waited."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` requests at once of one `team`, or that take the item `item`."""

    name: str
    most: int
    team: str | None = None
    item: str | None = None


def limits_of(team: str, team_most: int, items: Mapping[str, Mapping[str, Any]]) -> list[Limit]:
    """The limits that hold for one request. team_most: 0 means none. items: catalog item -> its definition."""
    found = [Limit(f"team:{team}", team_most, team=team)] if team_most else []
    for name, definition in sorted(items.items()):
        if (most := concurrent(definition)) is not None:
            found.append(Limit(f"item:{name}", most, item=name))
    return found


def may_begin(connection: Connection, limits: Sequence[Limit]) -> bool:
    """Whether one more request may be built. Holds the limits' locks until the transaction ends: two racers count one another.

    Cost without limits: nothing; else two statements a limit.
    """
    hold(connection, limits)
    return all((connection.scalar(_running(limit)) or 0) < limit.most for limit in limits)


def hold(connection: Connection, limits: Iterable[Limit]) -> None:
    """Hold the locks of limits until the transaction ends: those of teams first, then those of items, each by name.

    Everybody takes them in this order, so that nobody waits in a circle.
    """
    for limit in sorted(set(limits), key=lambda limit: (limit.team is None, limit.name)):
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"stratus turn {limit.name}"))))


def _running(limit: Limit) -> Any:
    going = (REQUEST.c.admitted, REQUEST.c.completed_at.is_(None))
    if limit.team is not None:
        return select(func.count()).select_from(REQUEST).where(REQUEST.c.requester_team == limit.team, *going)
    mine = select(ITEM.c.id).where(ITEM.c.request_id == REQUEST.c.id, ITEM.c.catalog_item == limit.item).exists()
    return select(func.count()).select_from(REQUEST).where(mine, *going)


def has_turn(connection: Connection, request: Row[Any], team_most: int) -> bool:
    """`may_begin` of a request that is written already. Ask it before the request's own lock is taken, as `admit` does."""
    return may_begin(connection, limits_of(request.requester_team, team_most, _items(connection, request.id)))


def admit(engine: Engine, tools: Tools, team_most: int) -> int:
    """Let requests begin whose turn has come; answers how many steps became ready. One that breaks does not stop the others.

    The oldest first, of each team and entry: whoever waits behind a full limit keeps nobody waiting whom it does not concern.
    Cost when nobody waits: one indexed SELECT.
    """
    ready = begun = 0
    broken: set[uuid.UUID] = set()
    while begun < BATCH:
        before = begun
        for request in _first_of_each(engine, broken):
            try:
                with engine.begin() as connection:
                    admitted = _admit_one(connection, request, tools, team_most)
            except Exception:  # One that breaks must not keep all the others waiting.
                log.exception("a request could not be admitted", extra={"request": str(request)})
                broken.add(request)
                continue
            ready += admitted or 0
            begun += admitted is not None
        if begun == before:
            break
    return ready


def _first_of_each(engine: Engine, broken: Collection[uuid.UUID]) -> list[uuid.UUID]:
    """The longest waiting request of each team and entry, the longest waiting of these first."""
    heads = (
        select(REQUEST.c.id, REQUEST.c.priority, REQUEST.c.number)
        .where(~REQUEST.c.admitted, ~REQUEST.c.unapproved, REQUEST.c.completed_at.is_(None), REQUEST.c.id.not_in(broken))
        .ext(distinct_on(REQUEST.c.requester_team, REQUEST.c.catalog_name))
        .order_by(REQUEST.c.requester_team, REQUEST.c.catalog_name, REQUEST.c.priority, REQUEST.c.number)
        .subquery()
    )
    with engine.begin() as connection:
        return list(connection.scalars(select(heads.c.id).order_by(heads.c.priority, heads.c.number)))


def _admit_one(connection: Connection, request: uuid.UUID, tools: Tools, team_most: int) -> int | None:
    """Let one begin; how many steps became ready by it, or None where it is not its turn, or any more."""
    row = connection.execute(select(REQUEST).where(REQUEST.c.id == request)).one()
    if not has_turn(connection, row, team_most):
        return None
    with write.change(connection, request, "system") as change:
        if change.admitted or change.request.unapproved or change.request.completed_at is not None:
            return None
        connection.execute(update(REQUEST).where(REQUEST.c.id == request).values(admitted=True))
        change.admitted = True
        change.decided("request.admitted")
        return settle(change, tools.scopes(connection, change.request))


def _items(connection: Connection, request: uuid.UUID) -> dict[str, Any]:
    rows = connection.execute(
        select(ITEM.c.catalog_item, VERSION.c.definition)
        .join(VERSION, VERSION.c.id == ITEM.c.catalog_version_id)
        .where(ITEM.c.request_id == request)
    )
    return {row.catalog_item: row.definition for row in rows}


def age(connection: Connection) -> int:
    """Let ready steps move up that have waited long: whatever is urgent, nothing waits for ever. Answers how many moved."""
    waited = cast(func.extract("epoch", func.clock_timestamp() - STEP.c.ready_at), Integer)
    own = select(REQUEST.c.priority).where(REQUEST.c.id == STEP.c.request_id).scalar_subquery()
    due = func.greatest(0, own - waited // AGING_SECONDS)
    moved = select(STEP.c.id).where(is_one_of(STEP.c.status, StepStatus.READY), STEP.c.priority > due).limit(500)
    old = update(STEP).where(STEP.c.id.in_(moved.with_for_update(skip_locked=True))).values(priority=due)
    return connection.execute(old).rowcount
