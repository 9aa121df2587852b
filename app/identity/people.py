"""People and their teams as the provider last vouched for them: remember, and read back as a `Person`."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, scoped_session

from app.core.access import FRESH_FOR, Person
from app.identity.claims import Profile
from app.models import Team, TeamMember, User

Db = Session | scoped_session[Any]
Reader = Connection | Db

TEAM_NAMES = (
    select(func.array_agg(Team.name))
    .join(TeamMember, TeamMember.team_id == Team.id)
    .where(TeamMember.user_id == User.id)
    .correlate(User)
    .scalar_subquery()
)
PERSON = (User.id, User.issuer, User.subject, User.name, User.email, User.seen_at, TEAM_NAMES)
"""The columns that `known` reads: everything of a person in one row, so that a guard costs one query."""

PEOPLE = select(*PERSON)
"""A select of `PERSON` to narrow down."""
OF_SUBJECT = PEOPLE.where(User.issuer == bindparam("issuer"), User.subject == bindparam("subject"))
OF_KEY = PEOPLE.where(User.id == bindparam("key"))


@dataclass(frozen=True, slots=True)
class Known:
    """A person as stored. issuer: of the provider that vouched for them; seen_at: when it last did."""

    person: Person
    issuer: str
    seen_at: datetime | None

    def fresh(self, now: datetime) -> bool:
        """True while the teams were read less than `FRESH_FOR` ago."""
        return self.seen_at is not None and now - self.seen_at < FRESH_FOR


def remember(session: Db, *, issuer: str, subject: str, name: str | None, email: str | None, teams: Collection[str]) -> User:
    """Write down what the provider says of (issuer, subject); the row is the same however often and from where it is called.

    Two sign-ins at once wait for each other on the person's row. A name or address that the provider leaves out is kept.
    The caller commits.
    """
    fresh = insert(User).values(
        issuer=issuer, subject=subject, name=name or subject, email=email, seen_at=func.clock_timestamp()
    )
    kept = {
        "name": name or User.name,
        "email": func.coalesce(fresh.excluded.email, User.email),
        "seen_at": fresh.excluded.seen_at,
    }
    upsert = fresh.on_conflict_do_update(index_elements=[User.issuer, User.subject], set_=kept).returning(User.id)
    user_id = session.execute(upsert).scalar_one()
    _join(session, user_id, teams)
    return session.execute(select(User).where(User.id == user_id).execution_options(populate_existing=True)).scalar_one()


def note(session: Db, profile: Profile) -> User:
    """Remember what the provider said of somebody. The caller commits."""
    return remember(
        session,
        issuer=profile.issuer,
        subject=profile.subject,
        name=profile.name,
        email=profile.email,
        teams=profile.teams,
    )


def find(session: Reader, issuer: str, subject: str, admin_team: str) -> Known | None:
    """The person whom `issuer` calls `subject`, or None when they were never seen."""
    row = session.execute(OF_SUBJECT, {"issuer": issuer, "subject": subject}).one_or_none()
    return None if row is None else known(row, admin_team)


def get(session: Reader, user_id: uuid.UUID, admin_team: str) -> Known:
    """The person behind a key that exists."""
    return known(session.execute(OF_KEY, {"key": user_id}).one(), admin_team)


def known(row: Row[Any], admin_team: str) -> Known:
    """The person in a row whose first columns are `PERSON`."""
    key, issuer, subject, name, email, seen_at, names = row[: len(PERSON)]
    teams = frozenset(names or ())
    return Known(Person(key, subject, name, email, teams, admin_team in teams), issuer, seen_at)


def _join(session: Db, user_id: uuid.UUID, names: Collection[str]) -> None:
    """Make `names` the person's only teams. Sorted: two transactions that make the same new teams must not deadlock."""
    session.execute(
        delete(TeamMember).where(
            TeamMember.user_id == user_id,
            TeamMember.team_id.not_in(select(Team.id).where(Team.name.in_(names))),
        )
    )
    if not names:
        return
    session.execute(insert(Team).values([{"name": name} for name in sorted(set(names))]).on_conflict_do_nothing())
    theirs = select(literal(user_id, TeamMember.user_id.type), Team.id).where(Team.name.in_(names))
    member = insert(TeamMember).from_select(["user_id", "team_id"], theirs)
    session.execute(
        member.on_conflict_do_update(
            index_elements=[TeamMember.user_id, TeamMember.team_id], set_={"read_at": func.clock_timestamp()}
        )
    )
