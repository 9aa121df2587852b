"""Reveal sensitive outputs to whoever may see them and asks: each time with a row in the audit log, whatever the answer."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, select

from app import audit
from app.core.access import may_reveal, may_see_request
from app.errors import NotFound
from app.lifecycle.caller import Caller
from app.lifecycle.settle import output_cell
from app.models.tables import OUTPUT, REQUEST
from app.transaction import Unit

Revealed = Mapping[tuple[str, str], Any]
"""By group and name: the value of each sensitive output."""


def reveal(
    unit: Unit, caller: Caller, request_id: str, *, group: str | None = None, name: str | None = None
) -> Revealed | None:
    """The sensitive outputs in clear: all, those of one group, or the one of that name.

    None for whoever sees the request and may not read its secrets: the refusal is in the audit log once this commits. Raises
    NotFound for what the caller may not see and where there is no such output, VaultError where a value cannot be decrypted.
    Cost: two reads and the audit row.
    """
    request = unit.connection.execute(select(REQUEST).where(REQUEST.c.request_id == request_id)).one_or_none()
    person = caller.person
    if request is None or not may_see_request(person, request.requester_team, request.owner_teams):
        raise NotFound(f"There is no request {request_id}, or none that you may see.")
    allowed = may_reveal(person, request.requester_team)
    asked = {"group": group, "name": name} if name else {"group": group} if group else {}
    _note(unit, caller, request, allowed=allowed, asked=asked)
    if not allowed:
        return None
    statement = select(OUTPUT).where(OUTPUT.c.request_id == request.id, OUTPUT.c.sensitive).order_by(OUTPUT.c.position)
    if group is not None:
        statement = statement.where(OUTPUT.c.group == group)
    if name is not None:
        statement = statement.where(OUTPUT.c.name == name)
    found = {(row.group, row.name): _clear(unit, request, row) for row in unit.connection.execute(statement)}
    if name is not None and not found:
        raise NotFound(f"{request_id} has no sensitive output {name}.")
    return found


def _clear(unit: Unit, request: Row[Any], output: Row[Any]) -> Any:
    return json.loads(unit.vault.decrypt(output.secret_value, output_cell(request.id, output.group, output.name)))


def _note(unit: Unit, caller: Caller, request: Row[Any], *, allowed: bool, asked: Mapping[str, Any]) -> None:
    act = audit.Act(
        caller.person.user_id,
        "outputs.reveal",
        f"request:{request.request_id}",
        "done" if allowed else "refused",
        caller.address,
        caller.correlation_id,
        details=asked,
    )
    audit.record(unit.connection, [act])
