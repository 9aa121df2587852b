"""Templates: orders that others begin with, by name. Kept without secrets, the owner's own or shared with a team."""

import uuid
from collections.abc import Collection, Mapping
from typing import Any

from app.errors import Fault, Invalid
from app.lifecycle.caller import Caller
from app.lifecycle.kept import keeping
from app.models.tables import TEMPLATE
from app.transaction import Unit

LONGEST_NAME = keeping.LONGEST_TITLE


def save(
    unit: Unit,
    caller: Caller,
    order: Mapping[str, Any],
    name: str,
    *,
    team: str | None = None,
    template_id: uuid.UUID | None = None,
    expected: int | None = None,
) -> uuid.UUID:
    """Keep an order under a name; secrets are taken out first. Answers its key.

    template_id: the one to save over, which stays shared as it is; expected: the revision that the caller has read.
    Raises Invalid (no name, not an order, or of nothing in the catalog), NotFound, Conflict (saved meanwhile, or too many).
    """
    title = " ".join(name.split())
    if not 1 <= len(title) <= LONGEST_NAME:
        message = f"must have 1 to {LONGEST_NAME} characters"
        raise Invalid(faults=[Fault(("name",), "length", message, {"max_length": LONGEST_NAME})])
    values = {"title": title, **keeping.cleaned(unit.connection, order).columns}
    if template_id is not None:
        row = keeping.change(unit.connection, TEMPLATE, caller, template_id, expected, values)
    else:
        row = keeping.add(unit.connection, TEMPLATE, caller, caller.person.id, {**values, "team": team})
    key: uuid.UUID = row.id
    return key


def confirm(unit: Unit, caller: Caller, template_id: uuid.UUID, revisions: Collection[int] | None) -> None:
    """Hold a template where it is at one of these revisions; None: at any. Raises Stale."""
    keeping.confirm(unit.connection, TEMPLATE, caller, template_id, revisions)


def share(unit: Unit, caller: Caller, template_id: uuid.UUID, team: str | None) -> None:
    """Let a team of the owner's use and change a template; None: nobody else. Raises NotFound, NotAllowed, Invalid."""
    keeping.share(unit.connection, TEMPLATE, caller, template_id, team)


def delete(unit: Unit, caller: Caller, template_id: uuid.UUID) -> None:
    """Throw a template away; only its owner may. Raises NotFound, NotAllowed."""
    keeping.remove(unit.connection, TEMPLATE, caller, template_id)


def restore(unit: Unit, caller: Caller, template_id: uuid.UUID) -> None:
    """Bring back what was thrown away not long ago. Raises NotFound."""
    keeping.restore(unit.connection, TEMPLATE, caller, template_id)
