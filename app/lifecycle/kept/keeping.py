"""What drafts and templates have in common: an order without its secrets, in a row that an owner and a team may use."""

import json
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Row, Table, case, delete, func, insert, select, update

from app.catalog import offers
from app.catalog.offers import Offer
from app.core.access import Person
from app.core.kept_orders import NAMES_OF_KIND, KeptEntry, only_known, taken_out
from app.core.secrecy import secret_fields, without_secrets
from app.core.shapes import shape_faults
from app.errors import Conflict, Fault, Invalid, NotAllowed, NotFound, Stale, under
from app.lifecycle.caller import Caller
from app.lifecycle.kept.entries import entry_at, entry_on_offer
from app.lifecycle.orders.preparing import BundleOrder, ItemOrder
from app.models import User
from app.models.drafts import usable

MOST = 200
"""How many drafts, or templates, one person may have."""
LARGEST = 512 * 1024
"""Characters of an order's JSON."""
LONGEST_TITLE = 120
BROUGHT_BACK_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """An order that may be kept. columns: what the row holds of it; title: what it would be called."""

    title: str
    columns: Mapping[str, Any]


def cleaned(connection: Connection, order: Mapping[str, Any], *, retired: bool = False) -> Cleaned:
    """An order without secrets, with what its row says of it.

    retired: its version need not be on offer any more, as that of a request that is sent back. Raises Invalid with faults below
    `order`: it is none, or of nothing on offer, or too large.
    """
    shape = ItemOrder if "catalog_item" in order and "catalog_bundle" not in order else BundleOrder
    try:
        shape.model_validate(dict(order))
    except ValidationError as error:
        raise Invalid(faults=under(shape_faults(shape, error, order), "order")) from error
    offer, faults = offers.find(connection, order)
    entry = entry_on_offer(offer) if offer else _retired(connection, order) if retired else None
    if entry is None:
        raise Invalid(faults=under(faults, "order"))
    kept = without_secrets(entry, only_known(entry, order))
    document = _own(kept)
    if len(json.dumps(document)) > LARGEST:
        message = f"must have at most {LARGEST:,} characters"
        raise Invalid(faults=[Fault(("order",), "max_length", message, {"max_length": LARGEST})])
    columns = {
        "catalog_kind": entry.kind,
        "catalog_name": entry.name,
        "catalog_title": entry.title,
        "catalog_version": entry.version,
        "versions": {item.alias: item.version for item in offer.items} if offer else {},
        "document": {**document, "version": entry.version},
        "left_out": taken_out(order, kept),
    }
    return Cleaned(_called(offer, document) if offer else entry.title, columns)


def _retired(connection: Connection, order: Mapping[str, Any]) -> KeptEntry | None:
    kind = "item" if "catalog_item" in order else "bundle"
    return entry_at(connection, kind, order[NAMES_OF_KIND[kind]], str(order.get("version")))


def _called(offer: Offer, order: Mapping[str, Any]) -> str:
    """What an order is called: by its first naming answer, else by its entry."""
    answers = order.get("bundle_parameters" if offer.kind == "bundle" else "parameters") or {}
    secret = secret_fields(offer.definition)
    said = (answers.get(name) for name in offer.naming_fields if name not in secret)
    name = next((one for one in said if isinstance(one, str) and one.strip()), offer.title)
    return " ".join(name.split())[:LONGEST_TITLE]


def add(connection: Connection, table: Table, caller: Caller, owner_id: uuid.UUID, values: Mapping[str, Any]) -> Row[Any]:
    """A new row of `owner_id`. Raises Conflict `too_many`, Invalid for a team that is not the caller's."""
    _sweep(connection, table, owner_id)
    if owner_id == caller.person.id:
        _own_team(caller.person, values.get("team"))
        _room(connection, table, owner_id)
    row = {**values, "owner_id": owner_id, "changed_by_id": caller.person.id}
    return connection.execute(insert(table).values(row).returning(table)).one()


def _room(connection: Connection, table: Table, owner_id: uuid.UUID) -> None:
    """Only for what people make themselves: nobody keeps an approver from sending an order back by having enough drafts."""
    count = connection.scalar(select(func.count()).select_from(table).where(table.c.owner_id == owner_id))
    if (count or 0) >= MOST:
        raise Conflict(f"There are {MOST} of them already; delete some first.", code="too_many")


def change(
    connection: Connection,
    table: Table,
    caller: Caller,
    key: uuid.UUID,
    expected: int | None,
    values: Mapping[str, Any],
) -> Row[Any]:
    """Save over a row. Raises NotFound, and Conflict `newer_draft` when its revision is not `expected` any more."""
    now = {"revision": table.c.revision + 1, "updated_at": func.clock_timestamp(), "changed_by_id": caller.person.id}
    statement = update(table).where(table.c.id == key, usable(table, caller.person)).values({**values, **now})
    if expected is not None:
        statement = statement.where(table.c.revision == expected)
    row = connection.execute(statement.returning(table)).one_or_none()
    if row is None:
        raise _why_not(connection, table, caller.person, key)
    return row


def confirm(connection: Connection, table: Table, caller: Caller, key: uuid.UUID, revisions: Collection[int] | None) -> None:
    """Lock a row that is at one of these revisions; None: at any, which locks nothing. Raises Stale.

    One that is not there, or not the caller's to use, is whoever goes on with it's to refuse.
    """
    row = locked(connection, table, caller.person, key) if revisions is not None else None
    if row is not None and revisions is not None and row.revision not in revisions:
        raise Stale(f"It is at revision {row.revision} now. Nothing was changed.")


def remove(connection: Connection, table: Table, caller: Caller, key: uuid.UUID) -> None:
    """Throw a row away, so that its owner can bring it back for a day. Raises NotFound, NotAllowed."""
    owned(connection, table, caller.person, key)
    connection.execute(update(table).where(table.c.id == key).values(deleted_at=func.clock_timestamp()))


def restore(connection: Connection, table: Table, caller: Caller, key: uuid.UUID) -> None:
    """Bring back what was thrown away not long ago. Raises NotFound."""
    mine = (table.c.id == key, table.c.owner_id == caller.person.id)
    found = connection.execute(update(table).where(*mine).values(deleted_at=None).returning(table.c.id)).one_or_none()
    if found is None:
        raise NotFound("It is gone for good.")


def share(connection: Connection, table: Table, caller: Caller, key: uuid.UUID, team: str | None) -> None:
    """Share a row with a team of its owner's, or with nobody. Raises NotFound, NotAllowed, Invalid."""
    owned(connection, table, caller.person, key)
    _own_team(caller.person, team)
    connection.execute(update(table).where(table.c.id == key).values(team=team))


def owned(connection: Connection, table: Table, person: Person, key: uuid.UUID) -> Row[Any]:
    """The person's own row, locked. Raises NotFound, and NotAllowed for one that is only shared with them."""
    row = locked(connection, table, person, key)
    if row is None:
        raise NotFound("There is nothing here, or nothing that you may see.")
    if row.owner_id != person.id:
        raise NotAllowed("Only its owner may do this.")
    return row


def locked(connection: Connection, table: Table, person: Person, key: uuid.UUID) -> Row[Any] | None:
    """A row that the person may use, locked until the end of the transaction; None where there is none."""
    statement = select(table).where(table.c.id == key, usable(table, person)).with_for_update()
    return connection.execute(statement).one_or_none()


def erase(connection: Connection, table: Table, key: uuid.UUID) -> None:
    """End a row for good."""
    connection.execute(delete(table).where(table.c.id == key))


def unless_named(table: Table, title: str) -> Any:
    """The title of a row that somebody named stays; any other becomes `title`."""
    return case((table.c.named, table.c.title), else_=title)


def _own(order: Mapping[str, Any]) -> dict[str, Any]:
    """Of who orders only the team is kept: a colleague sends it under their own name."""
    said = order.get("requester")
    team = said.get("team") if isinstance(said, Mapping) else None
    rest = {key: value for key, value in order.items() if key != "requester"}
    return {**rest, "requester": {"team": team}} if team else rest


def _own_team(person: Person, team: str | None) -> None:
    if team is not None and team not in person.teams:
        raise Invalid(faults=[Fault(("team",), "not_your_team", "is not one of your teams", {"oneof": sorted(person.teams)})])


def _why_not(connection: Connection, table: Table, person: Person, key: uuid.UUID) -> Conflict | NotFound:
    name = select(User.name).where(User.id == table.c.changed_by_id).scalar_subquery()
    found = connection.execute(
        select(table.c.changed_by_id, name.label("who")).where(table.c.id == key, usable(table, person))
    ).one_or_none()
    if found is None:
        return NotFound("There is nothing here, or nothing that you may see.")
    who = "You saved it elsewhere" if found.changed_by_id == person.id else f"{found.who} saved it"
    return Conflict(f"{who} meanwhile. Nothing was overwritten.", code="newer_draft")


def _sweep(connection: Connection, table: Table, owner_id: uuid.UUID) -> None:
    """What was thrown away a while ago goes for good with the owner's next one."""
    ago = func.clock_timestamp() - BROUGHT_BACK_FOR
    connection.execute(delete(table).where(table.c.owner_id == owner_id, table.c.deleted_at < ago))
