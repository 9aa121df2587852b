"""Administrators set what a team may use: all of its limits at once, audited with what was before."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from app import audit
from app.core.quota import LARGEST, plain
from app.errors import Fault, Invalid, NotAllowed
from app.lifecycle.caller import Caller
from app.models.tables import QUOTA
from app.transaction import Unit

RESOURCE = re.compile(r"[a-z][a-z0-9_]{0,62}")
LONGEST_TEAM = 200
MOST_LIMITS = 200


def set_limits(unit: Unit, caller: Caller, team: str, limits: Mapping[str, Decimal]) -> None:
    """Let a team have exactly these limits of its own; without any, what the catalog's file says holds again.

    What the team has taken already stays, be it more. Raises NotAllowed, Invalid with every fault.
    """
    if not caller.person.is_admin:
        raise NotAllowed("only administrators set quotas")
    if faults := _faults(team, limits):
        raise Invalid(faults=faults)
    connection = unit.connection
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"stratus quota limits {team}", 0))))
    before = _set(connection, team)
    connection.execute(delete(QUOTA).where(QUOTA.c.team == team, QUOTA.c.source == "admin"))
    rows = [
        {"team": team, "resource": resource, "source": "admin", "limit": limit, "set_by": caller.person.user_id}
        for resource, limit in limits.items()
    ]
    if rows:
        connection.execute(insert(QUOTA), rows)
    act = audit.Act(
        caller.person.user_id,
        "quota.set",
        f"quota:{team}",
        address=caller.address,
        correlation_id=caller.correlation_id,
        before=before,
        after=_set(connection, team),
    )
    audit.record(connection, [act])


def _set(connection: Connection, team: str) -> dict[str, Any]:
    mine = select(QUOTA.c.resource, QUOTA.c.limit).where(QUOTA.c.team == team, QUOTA.c.source == "admin")
    return {row.resource: plain(row.limit) for row in connection.execute(mine.order_by(QUOTA.c.resource))}


def _faults(team: str, limits: Mapping[str, Decimal]) -> list[Fault]:
    faults = []
    if not team.strip() or len(team) > LONGEST_TEAM:
        faults.append(Fault(("team",), "required", "must name a team"))
    if len(limits) > MOST_LIMITS:
        faults.append(Fault(("limits",), "max_items", f"must have at most {MOST_LIMITS} entries"))
    for resource, limit in limits.items():
        if not RESOURCE.fullmatch(resource):
            message = "must be the name of a resource: lowercase letters, digits and underscores, such as vcpu"
            faults.append(Fault(("limits", resource), "regexp", message))
        elif not (limit.is_finite() and 0 <= limit <= LARGEST):
            faults.append(Fault(("limits", resource), "min_value", "must be 0 or more", {"min_value": 0}))
    return faults
