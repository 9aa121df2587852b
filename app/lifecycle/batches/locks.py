"""All locks that the rows of a batch may need, taken before its first row in the one order that single orders take them in.

Row by row they would be taken in the order of the rows: two batches of the same things in another order would wait for each
other. Locks of a row go with its savepoint; those taken here stay until the batch is through. More than is needed is locked
(optional items that nobody takes, orders that have a fault), never less.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select

from app.catalog.offers import Offer, OfferItem
from app.core.quota import Taking
from app.lifecycle import quotas
from app.lifecycle.caller import Caller
from app.lifecycle.engine import turns
from app.lifecycle.orders import looking_up
from app.transaction import Unit


def take(unit: Unit, caller: Caller, orders: Sequence[Mapping[str, Any]], found: Collection[Offer]) -> None:
    """Lock what these orders of one caller may need. found: what they are orders of.

    The caller's own lock comes first: keys of rows are in an index, to which two batches would else add them in another order.
    Then turns, counters and unique answers, as `submit` does.
    """
    person = caller.person
    unit.connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"stratus batch {person.id}", 0))))
    teams = sorted({team for order in orders if (team := _team(caller, order)) is not None})
    items = [item for offer in found for item in offer.items]
    turns.hold(unit.connection, [limit for team in teams for item in items for limit in _turns(unit, team, item)])
    taken = [Taking(item.catalog_item, item.title, item.owner, {}, item.definition.get("limits") or {}, {}) for item in items]
    quotas.hold(unit.connection, [quotas.Holder(team, person.id) for team in teams], taken)
    looking_up.hold(unit.connection, {place for offer in found for place in looking_up.places_of(offer)}, alone=True)


def _turns(unit: Unit, team: str, item: OfferItem) -> list[turns.Limit]:
    return turns.limits_of(team, unit.rules.team_requests, {item.catalog_item: item.definition})


def _team(caller: Caller, order: Mapping[str, Any]) -> str | None:
    """For which team an order is; None where that has a fault."""
    said = order.get("requester")
    team = said.get("team") if isinstance(said, Mapping) else None
    teams = caller.person.teams
    if team is None:
        return next(iter(teams)) if len(teams) == 1 else None
    return team if isinstance(team, str) and team in teams else None
