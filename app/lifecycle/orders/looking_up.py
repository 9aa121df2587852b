"""What an order is held against besides its documents: choices from elsewhere, teams, their members, answers that are taken."""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from flask import current_app, has_app_context
from sqlalchemy import Connection, Row, func, select
from sqlalchemy.dialects.postgresql import insert

from app.catalog import offers
from app.catalog.offers import Offer
from app.catalog.options import Offered, Options
from app.core.access import Person, may_see_request
from app.core.fields import Choice, Field
from app.core.fields.visibility import BUNDLE
from app.core.house_checks import Held
from app.core.order import Resolved
from app.core.secrecy import fields_of
from app.errors import Fault, NotFound
from app.models import Team, TeamMember, User
from app.models.tables import REQUEST, TAKEN

MOST_NAMED = 10
NO_SOURCE = Offered(problem="the source of its choices cannot be asked here")

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """An answer that nobody else may have. digest: of the answer and of where it must be unique; path: in the order.

    place: the entry that asks for it, as `places_of` names it.
    """

    digest: bytes
    place: str
    path: Place
    title: str
    within: str


class Checked(NamedTuple):
    """Whose check it is: of which kind of entry, and its name."""

    kind: str
    entry: str


class Lookups:
    """One look at everything outside, for one order; the same thing is asked for once.

    own: the request that the order changes, whose answers are no others.
    """

    def __init__(self, connection: Connection, options: Options | None = None, own: UUID | None = None) -> None:
        self._connection = connection
        self._own = own
        self._options = options
        self._offered: dict[tuple[str, str], Offered] = {}
        self._members: dict[str, dict[str, str]] = {}

    def offered(self, field: Field, answers: Mapping[str, Any]) -> Offered:
        """What a field with `options_from` offers, given the other answers of its form."""
        spec = field.options_from
        if self._options is None or spec is None:
            return NO_SOURCE
        given = {name: answers.get(name) for name in spec.depends_on}
        key = spec.model_dump_json(), json.dumps(given, sort_keys=True, default=str)
        if key not in self._offered:
            self._offered[key] = self._options.offered(self._connection, field, given)
        return self._offered[key]

    def members(self, team: str | None) -> Mapping[str, str]:
        """Who is in a team: `user_id` -> name, by name."""
        if team is None:
            return {}
        if team not in self._members:
            statement = select(User.subject, User.name).join(TeamMember, TeamMember.user_id == User.id)
            rows = self._connection.execute(
                statement.join(Team, Team.id == TeamMember.team_id).where(Team.name == team).order_by(User.name, User.subject)
            )
            self._members[team] = {row.subject: row.name for row in rows}
        return self._members[team]

    def choices(self, field: Field, answers: Mapping[str, Any], teams: Sequence[str], team: str | None) -> Offered | None:
        """What can be picked for a field whose choices are not in its document; None for other fields."""
        if field.options_from is not None:
            return self.offered(field, answers)
        if field.type == "team":
            return Offered([Choice(value=name) for name in teams], datetime.now(UTC))
        if field.type == "user":
            members = self.members(team)
            return Offered([Choice(value=key, label=name) for key, name in members.items()], datetime.now(UTC))
        return None

    def faults(self, person: Person, offer: Offer, resolved: Resolved, team: str | None) -> list[Fault]:
        """Everything wrong with the answers that only a look outside can tell. Paths are those of the order."""
        found: list[Fault] = []
        for key, form in resolved.forms.items():
            values = resolved.bundle_values if key == BUNDLE and offer.kind == "bundle" else resolved.item_values[key]
            for field in form.fields:
                value = values.get(field.name)
                if value is not None:
                    path = (*form.path, field.name)
                    found += self._of_source(field, value, values, path)
                    found += self._of_people(field, value, path, person, team)
        return [*found, *self._taken(person, claims_of(offer, resolved, team))]

    def _of_source(self, field: Field, value: Any, values: Mapping[str, Any], path: Place) -> Iterator[Fault]:
        if field.options_from is None or field.allow_custom:
            return
        offered = self.offered(field, values)
        if offered.needs:
            yield Fault(path, "depends_on", f"can be chosen once {' and '.join(offered.needs)} is answered")
        elif not offered.is_usable(datetime.now(UTC)):
            last = f"; its last list is of {offered.fetched_at:%Y-%m-%d %H:%M} UTC" if offered.fetched_at else ""
            yield Fault(
                path, "options_unavailable", f"cannot be checked now: {offered.problem}{last}. Try again in a few minutes"
            )
        else:
            wrong = [one for one in (value if isinstance(value, list) else [value]) if not offered.holds(one)]
            if wrong:
                yield Fault(path, "not_in_options", _not_offered(offered, "" if field.is_secret else str(wrong[0])))

    def _of_people(self, field: Field, value: Any, path: Place, person: Person, team: str | None) -> Iterator[Fault]:
        for place, kind, given in _people_in(field, value, path):
            if kind == "team" and given not in person.teams:
                message = f"must be one of your teams: {_named(sorted(person.teams))}"
                yield Fault(place, "not_your_team", message, {"oneof": sorted(person.teams)})
            elif kind == "user" and team is not None and given not in self.members(team):
                members = list(self.members(team))
                yield Fault(place, "not_a_member", f"must be the user_id of a member of {team}: {_named(members)}")

    def held(self, person: Person, digests: Collection[bytes]) -> Mapping[bytes, Held]:
        """Which of these values other orders have, and whose they are as far as the person may know."""
        return {
            digest: Held(row.request_id if may_see_request(person, row.requester_team, row.owner_teams) else None)
            for digest, row in self._holders(digests).items()
        }

    def _holders(self, digests: Collection[bytes]) -> Mapping[bytes, Any]:
        if not digests:
            return {}
        columns = (TAKEN.c.digest, REQUEST.c.request_id, REQUEST.c.requester_team, REQUEST.c.owner_teams)
        statement = select(*columns).join(REQUEST, REQUEST.c.id == TAKEN.c.request_id)
        held = statement.where(TAKEN.c.digest.in_(digests), REQUEST.c.id.is_distinct_from(self._own))
        return {row.digest: row for row in self._connection.execute(held)}

    def _taken(self, person: Person, claims: Sequence[Claim]) -> Iterator[Fault]:
        holders = self._holders([claim.digest for claim in claims])
        seen: set[bytes] = set()
        for claim in claims:
            row = holders.get(claim.digest)
            if row is not None:
                visible = may_see_request(person, row.requester_team, row.owner_teams)
                yield not_unique(claim, row.request_id if visible else None)
            elif claim.digest in seen:
                yield not_unique(claim)
            seen.add(claim.digest)


def lookups(connection: Connection, own: UUID | None = None) -> Lookups:
    """Lookups over this connection, with the sources that the operator allows. own: the request that is changed."""
    return Lookups(connection, current_app.extensions.get("options") if has_app_context() else None, own)


def offered_by(
    connection: Connection,
    person: Person,
    entry: Mapping[str, Any],
    name: str,
    answers: Mapping[str, Any],
    team: str | None = None,
) -> Offered:
    """What can be picked for one field of an entry, named as an order names it. Raises NotFound for what has no such list."""
    offer, _ = offers.find(connection, entry)
    form = offer.fields if offer is not None else []
    definition = next((one for one in form if one.get("name") == name), None)
    if definition is None:
        raise NotFound
    teams = sorted(person.teams)
    of = team if team in person.teams else teams[0] if len(teams) == 1 else None
    found = lookups(connection).choices(Field.model_validate(dict(definition)), answers, teams, of)
    if found is None:
        raise NotFound
    return found


def claims_of(offer: Offer, resolved: Resolved, team: str | None) -> list[Claim]:
    """The answers of an order that must be unique. An item's are so wherever it is ordered, alone or in any bundle."""
    items = {item.alias: (item.catalog_item, item.title) for item in offer.items}
    found = []
    for key, form in resolved.forms.items():
        own = key == BUNDLE and offer.kind == "bundle"
        entry, title = (offer.name, offer.title) if own else items[key]
        values = resolved.bundle_values if own else resolved.item_values[key]
        for field in form.fields:
            if field.unique is not None and values.get(field.name) is not None:
                scope = team if field.unique.within == "team" else None
                where = ["bundle" if own else "item", entry, field.name, field.unique.within, scope]
                written = json.dumps([*where, _same(values[field.name])], sort_keys=True)
                digest = hashlib.sha256(written.encode()).digest()
                place = f"{where[0]} {entry}"
                found.append(Claim(digest, place, (*form.path, field.name), title, field.unique.within))
    return found


def places_of(offer: Offer) -> set[str]:
    """The entries of an offer that ask for answers which must be unique: where `hold` is to hold."""
    documents = {f"item {item.catalog_item}": item.definition for item in offer.items}
    documents |= {f"bundle {offer.name}": offer.definition} if offer.kind == "bundle" else {}
    return {place for place, one in documents.items() if any(field.get("unique") for field in fields_of(one))}


def hold(connection: Connection, places: Collection[str], *, alone: bool = False) -> None:
    """Take part in taking answers of these entries, or be the only one who does, until the transaction ends.

    Whoever takes them in more than one go, or gives some back, does it alone: else two of them could wait for each other. To be
    called before anything is written that somebody else may wait for.
    """
    lock = func.pg_advisory_xact_lock if alone else func.pg_advisory_xact_lock_shared
    for place in sorted(places):
        connection.execute(select(lock(func.hashtextextended(f"stratus unique {place}", 0))))


def digest_of(about: Checked, named: str, value: Any, among: str, team: str | None) -> bytes:
    """What stands for a value that a check `unique` asks about, and for where it must be unique."""
    where = ["check", *about, named, among, team if among == "team" else None]
    return hashlib.sha256(json.dumps([*where, _same(value)], sort_keys=True).encode()).digest()


def take_value(connection: Connection, request: Row[Any], digest: bytes) -> Held | None:
    """Take a value for a request; who else has it, None where it is the request's now, or was before.

    Of two that race, the second waits here until the first one's transaction has ended.
    """
    row = {"digest": digest, "request_id": request.id}
    connection.execute(insert(TAKEN).values(row).on_conflict_do_nothing())
    statement = select(REQUEST.c.id, REQUEST.c.request_id, REQUEST.c.requester_team).join(
        TAKEN, TAKEN.c.request_id == REQUEST.c.id
    )
    holder = connection.execute(statement.where(TAKEN.c.digest == digest)).one_or_none()
    if holder is None or holder.id == request.id:
        return None
    return Held(holder.request_id if holder.requester_team == request.requester_team else None)


def take(connection: Connection, request: UUID, claims: Sequence[Claim]) -> list[Fault]:
    """Take these answers for a request that is being stored; faults name those that somebody else took first.

    Of two orders that race, the second waits here until the first one is stored, or is not. Digests are taken in their order,
    so that no two orders wait for each other. The caller holds their places (`hold`).
    """
    if not claims:
        return []
    rows = [{"digest": digest, "request_id": request} for digest in sorted({claim.digest for claim in claims})]
    taken = insert(TAKEN).values(rows).on_conflict_do_nothing().returning(TAKEN.c.digest)
    mine = set(connection.scalars(taken))
    return [not_unique(claim) for claim in claims if claim.digest not in mine]


def give_back(connection: Connection, request: UUID) -> None:
    """Take no answer for a request any more: it is given others."""
    connection.execute(TAKEN.delete().where(TAKEN.c.request_id == request))


def not_unique(claim: Claim, holder: str | None = None) -> Fault:
    """The fault of an answer that somebody else has. holder: their request, where the reader may see it."""
    where = "of one team may" if claim.within == "team" else "may"
    has = f" ({holder} has it)" if holder else ""
    message = f"is taken{has}: no two orders of {claim.title} {where} have the same; choose another"
    return Fault(claim.path, "not_unique", message, {"unique": {"within": claim.within}})


def _same(value: Any) -> Any:
    """What counts as the same answer: texts without regard to case and outer spaces, 1 and 1.0."""
    if isinstance(value, str):
        return value.strip().casefold()
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return sorted(json.dumps(_same(one)) for one in value) if isinstance(value, list) else value


def _not_offered(offered: Offered, wrong: str) -> str:
    """wrong: what was answered, to name what is nearest to it in a long list."""
    age = f" as of {offered.fetched_at:%H:%M} UTC" if offered.problem and offered.fetched_at else ""
    texts = [choice.text for choice in offered.choices]
    if not texts:
        return f"cannot be chosen: nothing is offered{age}"
    near = offered.nearest(wrong, MOST_NAMED) if len(texts) > MOST_NAMED and wrong else []
    if near:
        return f"is not among the {len(texts):,} choices offered{age}; the nearest are {_named([one.text for one in near])}"
    return f"is not among the choices offered{age}; choose one of {_named(texts)}"


def _people_in(field: Field, value: Any, path: Place) -> Iterator[tuple[Place, str, Any]]:
    """Every answer that names a team or a person, also inside lists and objects."""
    if value is None:
        return
    if field.type in ("team", "user"):
        yield path, field.type, value
    elif field.type == "list" and field.of is not None and isinstance(value, list):
        for number, one in enumerate(value):
            yield from _people_in(field.of, one, (*path, number))
    elif field.type == "object" and isinstance(value, Mapping):
        for one in field.fields or ():
            yield from _people_in(one, value.get(one.name), (*path, one.name))


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more
