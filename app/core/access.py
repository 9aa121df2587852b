"""Who may see and do what: pure rules over plain values. The one place that knows them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

FRESH_FOR = timedelta(minutes=15)
"""How long a membership counts before it is read from the provider again."""

ADMINISTRATOR = "administrator"
ROLES: Sequence[str] = (ADMINISTRATOR,)
"""What a catalog may call people by, besides their teams."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in or holds a token.

    id: the key of their row; user_id: the provider's subject, as the API shows it; teams: names, as the provider last said.
    """

    id: UUID
    user_id: str
    name: str
    email: str | None
    teams: frozenset[str]
    is_admin: bool


def may_see_request(person: Person, requester_team: str, owner_teams: Collection[str]) -> bool:
    """A request is visible to the team that asked, to the platform teams that own its items, and to administrators."""
    return person.is_admin or requester_team in person.teams or not person.teams.isdisjoint(owner_teams)


def may_work_ticket(person: Person, owner_team: str) -> bool:
    """Only the platform team that owns the step, or an administrator, works its ticket."""
    return person.is_admin or owner_team in person.teams


def may_decide(person: Person, requester_team: str) -> bool:
    """The team that asked, or an administrator, cancels a request or rolls it back."""
    return person.is_admin or requester_team in person.teams


def may_reveal(person: Person, requester_team: str) -> bool:
    """Sensitive outputs are for the team that asked, and administrators; not for the platform teams that built them."""
    return person.is_admin or requester_team in person.teams


def may_run_again(person: Person, requester_team: str, step_team: str) -> bool:
    """A step is run again by whoever asked for it, or by the platform team that owns it."""
    return may_decide(person, requester_team) or may_work_ticket(person, step_team)


def refuses_running_again(person: Person, requester_team: str, step_team: str) -> str | None:
    """Why a step is not for this person to run again, None where it is."""
    theirs = may_run_again(person, requester_team, step_team)
    return None if theirs else f"only {requester_team} or {step_team} runs this again"


def may_watch_engine(person: Person, *, works_tickets: bool) -> bool:
    """How busy the engine is concerns those who keep it going: platform teams (`works_tickets`) and administrators."""
    return person.is_admin or works_tickets


def roles_of(person: Person) -> frozenset[str]:
    """The roles that a person has."""
    return frozenset({ADMINISTRATOR} if person.is_admin else ())


def refuses_order(person: Person, access: Mapping[str, Any] | None, team: str | None = None) -> str | None:
    """Why a person may not order an entry with this `access: {teams, roles}`, as a phrase; None where they may.

    team: the one that they order for, where that is settled: it is what must be named then. An entry without `access` is for
    everybody, and what is named adds up: a team or a role is enough.
    """
    if access is None:
        return None
    teams, roles = access.get("teams") or (), access.get("roles") or ()
    theirs = person.teams if team is None else {team}
    if not theirs.isdisjoint(teams) or not roles_of(person).isdisjoint(roles):
        return None
    return f"only for {_either([*teams, *(f'{role}s' for role in roles)])}"


def whom_to_ask(owner: str) -> str:
    """What somebody may do about it."""
    return f"ask {owner} to add your team"


def _either(names: Sequence[str]) -> str:
    """`a, b or c`; nobody where nothing is named."""
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names) or "nobody"
