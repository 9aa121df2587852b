"""How teams stand with their quotas: limits, what is used, what is reserved."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select, text, union

from app.core.quota import Limit, QuotaLine, naming
from app.models import Team
from app.models.tables import QUOTA, QUOTA_RULES
from app.queries.reader import Reader

MOST_TEAMS = 200
"""Teams in one answer; `q` narrows."""

# What an administrator set wins, then what names the team. What nobody has counted yet is counted from the requests.
_STANDING = text(
    """
    WITH limits AS (
        SELECT DISTINCT ON (wanted.team, q.resource) wanted.team, q.resource, q."limit", q.source, q.team = '' AS of_all
        FROM unnest(CAST(:teams AS text[])) AS wanted (team) JOIN quotas q ON q.team IN ('', wanted.team)
        ORDER BY wanted.team, q.resource, q.team DESC, q.source
    )
    SELECT l.team, l.resource, l."limit", l.source, l.of_all,
        coalesce(c.used, s.used) AS used, coalesce(c.reserved, s.reserved) AS reserved
    FROM limits l
    LEFT JOIN quota_counters c ON c.holder = 'team:' || l.team AND c.resource = l.resource
    LEFT JOIN LATERAL stratus_quota_sum('team:' || l.team, l.resource) AS s ON c.holder IS NULL
    ORDER BY l.team, l.resource
    """
)


@dataclass(frozen=True, slots=True)
class Standing:
    """One team and one resource. source: `file` or `admin`; of_all: the limit holds for every team without its own."""

    team: str
    line: QuotaLine
    source: str
    of_all: bool

    @property
    def over(self) -> bool:
        """Whether more is taken than is allowed now: the limit was lowered."""
        return self.line.available_after < 0


def rules(session: Reader) -> Mapping[str, Any]:
    """What `quotas.yaml` says besides limits: `warn_at`, `currency`, `resources`."""
    found: Mapping[str, Any] = session.scalar(select(QUOTA_RULES.c.rules)) or {}
    return found


def standing(session: Reader, teams: Collection[str]) -> list[Standing]:
    """How these teams stand with every resource they have a limit of, by team and resource."""
    said = rules(session)
    currency, warn_at = said.get("currency", "USD"), Decimal(str(said.get("warn_at", 0.8)))
    names = said.get("resources") or {}
    nothing = Decimal(0)
    return [
        Standing(
            row.team,
            QuotaLine(
                Limit(row.resource, row.limit, naming=naming(row.resource, names, currency), warn_at=warn_at),
                row.used,
                row.reserved,
                nothing,
            ),
            row.source,
            row.of_all,
        )
        for row in session.execute(_STANDING, {"teams": sorted(teams)})
    ]


def teams(session: Reader, words: str = "") -> Sequence[str]:
    """The teams that are known, by name: of people who have signed in, and of limits. words: a part of the name."""
    named = union(select(Team.name.label("name")), select(QUOTA.c.team).where(QUOTA.c.team != "")).subquery()
    statement = select(named.c.name).order_by(named.c.name).limit(MOST_TEAMS)
    if words:
        statement = statement.where(named.c.name.icontains(words, autoescape=True))
    return list(session.scalars(statement))


def own_limits(session: Reader, team: str) -> dict[str, Decimal]:
    """What an administrator has set for one team, by resource."""
    mine = select(QUOTA.c.resource, QUOTA.c.limit).where(QUOTA.c.team == team, QUOTA.c.source == "admin")
    return {row.resource: row.limit for row in session.execute(mine.order_by(QUOTA.c.resource))}


def resources(session: Reader) -> list[str]:
    """The resources that some team has a limit of, by name."""
    return list(session.scalars(select(QUOTA.c.resource).distinct().order_by(QUOTA.c.resource)))
