"""What is left for a team: looked at before an order is sent, and held under locks while it is stored.

An order that touches no limit costs one indexed SELECT here. One that does locks the counters of its team: orders of one team
take turns until they commit, which is what makes one of two racers for the last unit lose. Counters are kept by triggers
(`quotas.sql`), so that a million earlier requests cost nothing; only the first order that touches a new limit counts them.
"""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on

from app.core.cost import Price
from app.core.quota import TEAM, USER, Limit, QuotaLine, Taking, item_limits, lines, naming, takes, unknown_cost, without
from app.errors import Conflict, Fault, Invalid
from app.models.tables import ITEM, QUOTA, QUOTA_COUNTER, QUOTA_RULES, REQUEST, VERSION

RELEASED = "released"
_LIMITS = (
    select(QUOTA.c.resource, QUOTA.c.limit, select(QUOTA_RULES.c.rules).scalar_subquery().label("rules"))
    .where(or_(QUOTA.c.team == "", QUOTA.c.team == bindparam("team")))
    .ext(distinct_on(QUOTA.c.resource))
    .order_by(QUOTA.c.resource, QUOTA.c.team.desc(), QUOTA.c.source)
)
"""The limits of a team. Every order asks for them: the statement is made once."""
Counted = Mapping[tuple[str, str], tuple[Decimal, Decimal]]
"""`(team or user, resource)` -> what is used, what is reserved. What nobody counts yet is not there."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who takes it: the team that orders, and the person, by the key of their row."""

    team: str
    user: uuid.UUID

    @property
    def keys(self) -> dict[str, str]:
        """What counters call them."""
        return {TEAM: f"team:{self.team}", USER: f"user:{self.user}"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What an order takes, the limits that it touches, and why it must not be sent.

    takes: by resource, without zeros; limits: all that hold for the team and for the items.
    """

    takes: Mapping[str, Decimal]
    lines: Sequence[QuotaLine] = ()
    faults: Sequence[Fault] = ()

    @property
    def amounts(self) -> dict[str, int | float]:
        """What it takes, as it is kept with the request."""
        return {name: float(one) if one % 1 else int(one) for name, one in self.takes.items()}


def look(
    connection: Connection,
    holder: Holder,
    items: Sequence[Taking],
    price: Price | None,
    held: Mapping[str, Any] | None = None,
) -> Asked:
    """What an order of `items` at `price` would take and leave, as things stand now. Locks nothing and writes nothing.

    held: what the request takes already, where it is there and only changes.
    """
    order, problems = takes(items, price)
    limits, currency = _limits(connection, holder.team)
    limits += item_limits(items)
    faults = [Fault((), "quota_unknown", _unknown(problem)) for problem in problems]
    if why := unknown_cost(limits, price, currency):
        faults.append(Fault((), "quota_unknown", _unknown(why)))
    found = [_with_own(line, held) for line in _lines(connection, holder, limits, order)]
    return Asked(order, found, [*faults, *(line.fault(holder.team) for line in found if line.exceeded)])


def reserve(connection: Connection, holder: Holder, asked: Sequence[QuotaLine], held: Mapping[str, Any] | None = None) -> None:
    """Hold the counters that `asked` touches until the transaction ends, and look once more. Raises Invalid with every fault.

    Whoever stores the request then counts it, by the triggers; nothing is written here but counters that are begun.
    held: what the request takes already, where it is there and only changes.
    """
    if not asked:
        return
    _begin(connection, holder, asked)
    counted = _held(connection, holder)
    now = lines([line.of for line in asked], counted, {line.of.resource: line.requested for line in asked})
    now = [_with_own(line, held) for line in now]
    if faults := [line.fault(holder.team) for line in now if line.exceeded]:
        raise Invalid(faults=faults)


def hold(connection: Connection, holders: Sequence[Holder], items: Sequence[Taking]) -> None:
    """Hold all counters that orders of `items` for these may touch, before the first of several orders.

    What is not counted yet is counted from now on; then each order only takes part. Teams come before people, each by name, and
    counters after them, as for a single order.
    """
    limited: dict[str, set[str]] = {}
    for holder in holders:
        for limit in [*_limits(connection, holder.team)[0], *item_limits(items)]:
            limited.setdefault(holder.keys[limit.per], set()).add(limit.resource)
    keys = sorted({key for holder in holders for key in holder.keys.values()})
    counted = {(row.holder, row.resource) for row in connection.execute(_of(keys))}
    for key in keys:
        fresh = sorted(resource for resource in limited.get(key, ()) if (key, resource) not in counted)
        connection.execute(select(*([func.stratus_quota_track(key, one) for one in fresh] or [func.stratus_quota_join(key)])))
    connection.execute(_locked(keys))


def _of(keys: Collection[str]) -> Select[Any]:
    return select(QUOTA_COUNTER).where(QUOTA_COUNTER.c.holder.in_(keys))


def _locked(keys: Collection[str]) -> Select[Any]:
    """Their counters, locked in the order that everybody locks them in."""
    return _of(keys).order_by(QUOTA_COUNTER.c.holder, QUOTA_COUNTER.c.resource).with_for_update(key_share=True)


def held_by(connection: Connection, request_id: str) -> list[QuotaLine]:
    """The quotas and limits that a stored request touches, with it and without it, as things stand now."""
    row = connection.execute(select(REQUEST).where(REQUEST.c.request_id == request_id)).one()
    order = {name: Decimal(str(amount)) for name, amount in (row.quota_takes or {}).items()}
    holder = Holder(row.requester_team, row.requester_id)
    limits = _limits(connection, holder.team)[0] + item_limits(_items(connection, row.id))
    held = row.quota_takes if row.quota_state == "reserved" else None
    return [_with_own(line, held) for line in _lines(connection, holder, limits, order)]


def _with_own(line: QuotaLine, held: Mapping[str, Any] | None) -> QuotaLine:
    """What a request holds already is its own."""
    return without(line, Decimal(str(held.get(line.of.resource, 0)))) if held else line


def _begin(connection: Connection, holder: Holder, asked: Sequence[QuotaLine]) -> None:
    """Take part in the counting, and begin to count what nobody has counted."""
    counted = _counted(connection, holder, [line.of.resource for line in asked])
    fresh = {(line.of.per, line.of.resource) for line in asked} - set(counted)
    if not fresh:
        connection.execute(select(*map(func.stratus_quota_join, holder.keys.values())))
        return
    for per, key in holder.keys.items():  # The team before the person, as the triggers do: nobody waits in a circle.
        resources = sorted(resource for of, resource in fresh if of == per)
        begun = [func.stratus_quota_track(key, resource) for resource in resources]
        connection.execute(select(*(begun or [func.stratus_quota_join(key)])))


def _lines(connection: Connection, holder: Holder, limits: Sequence[Limit], order: Mapping[str, Decimal]) -> list[QuotaLine]:
    touched = [limit for limit in limits if order.get(limit.resource)]
    if not touched:
        return []
    counted = dict(_counted(connection, holder, [limit.resource for limit in touched]))
    for limit in touched:
        place = (limit.per, limit.resource)
        if place not in counted:
            counted[place] = _sum(connection, holder.keys[limit.per], limit.resource)
    return lines(touched, counted, order)


def _limits(connection: Connection, team: str) -> tuple[list[Limit], str]:
    """The limits of a team, and the currency of `monthly_cost`. What an administrator set wins, then what names the team."""
    rows = connection.execute(_LIMITS, {"team": team}).all()
    said: Mapping[str, Any] = (rows[0].rules if rows else None) or {}
    currency, warn_at = said.get("currency", "USD"), Decimal(str(said.get("warn_at", 0.8)))
    names = said.get("resources", {})
    return [
        Limit(row.resource, row.limit, naming=naming(row.resource, names, currency), warn_at=warn_at) for row in rows
    ], currency


def _counted(connection: Connection, holder: Holder, resources: Sequence[str]) -> Counted:
    counters, keys = QUOTA_COUNTER.c, holder.keys
    rows = connection.execute(select(QUOTA_COUNTER).where(counters.holder.in_(keys.values()), counters.resource.in_(resources)))
    return _by_place(holder, rows)


def _held(connection: Connection, holder: Holder) -> Counted:
    """All counters of a holder, locked, as they are once whoever held them before has committed."""
    return _by_place(holder, connection.execute(_locked(list(holder.keys.values()))))


def _by_place(holder: Holder, rows: Iterable[Row[Any]]) -> Counted:
    places = {key: per for per, key in holder.keys.items()}
    return {(places[row.holder], row.resource): (row.used, row.reserved) for row in rows}


def _sum(connection: Connection, key: str, resource: str) -> tuple[Decimal, Decimal]:
    """What nobody counts yet, from the requests themselves."""
    row = connection.execute(
        select("*").select_from(func.stratus_quota_sum(key, resource).table_valued("used", "reserved"))
    ).one()
    return row.used, row.reserved


def _unknown(why: str) -> str:
    return f"{why}. Ask an administrator"


def retake(connection: Connection, request: Row[Any]) -> None:
    """Hold again what a request had given back when it ended, before it goes on. Raises Conflict where that is too much now.

    request: its row, locked. One that still holds what it takes passes.
    """
    if request.quota_state != RELEASED:
        return
    holder = Holder(request.requester_team, request.requester_id)
    limits = _limits(connection, holder.team)[0] + item_limits(_items(connection, request.id))
    order = {resource: Decimal(str(amount)) for resource, amount in (request.quota_takes or {}).items()}
    try:
        reserve(connection, holder, lines(limits, {}, order))
    except Invalid as error:
        raise Conflict("; ".join(fault.message for fault in error.faults), code=error.faults[0].code) from error


def _items(connection: Connection, request: uuid.UUID) -> list[Taking]:
    """The items of a stored request, as far as their limits go."""
    rows = connection.execute(
        select(ITEM.c.catalog_item, ITEM.c.title, ITEM.c.owner, VERSION.c.definition["limits"].label("limits"))
        .join(VERSION, VERSION.c.id == ITEM.c.catalog_version_id)
        .where(ITEM.c.request_id == request)
    )
    return [Taking(row.catalog_item, row.title, row.owner, {}, row.limits or {}, {}) for row in rows]
