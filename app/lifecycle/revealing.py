"""Reveal sensitive outputs to whoever may see them and asks: each time with a row in the audit log, refusals too."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, select

from app import audit
from app.core.access import may_reveal, may_see_request
from app.errors import NotAllowed, NotFound
from app.lifecycle.auditing import audited
from app.lifecycle.caller import Caller
from app.lifecycle.engine.settle import output_cell
from app.models.tables import OUTPUT, REQUEST
from app.transaction import Unit

ACTION = "outputs.reveal"
Revealed = Mapping[tuple[str, str], Any]
"""By group and name: the value of each sensitive output."""


def reveal(unit: Unit, caller: Caller, request_id: str, *, group: str | None = None, name: str | None = None) -> Revealed:
    """The sensitive outputs in clear: all, those of one group, or the one of that name.

    Raises NotFound for what the caller may not see and where there is no such output, NotAllowed for whoever sees the request
    and may not read its secrets, VaultError where a value cannot be decrypted. Cost: two reads and the audit row.
    """
    with audited(unit, caller, ACTION, f"request:{request_id}"):
        request = _readable(unit, caller, request_id)
        statement = select(OUTPUT).where(OUTPUT.c.request_id == request.id, OUTPUT.c.sensitive).order_by(OUTPUT.c.position)
        if group is not None:
            statement = statement.where(OUTPUT.c.group == group)
        if name is not None:
            statement = statement.where(OUTPUT.c.name == name)
        found = {(row.group, row.name): _clear(unit, request, row) for row in unit.connection.execute(statement)}
        if name is not None and not found:
            raise NotFound(f"{request_id} has no sensitive output {name}.")
    asked = {key: value for key, value in (("group", group), ("name", name)) if value}
    act = audit.Act(
        caller.person.user_id,
        ACTION,
        f"request:{request_id}",
        address=caller.address,
        correlation_id=caller.correlation_id,
        details=asked,
    )
    audit.record(unit.connection, [act])
    return found


def _readable(unit: Unit, caller: Caller, request_id: str) -> Row[Any]:
    request = unit.connection.execute(select(REQUEST).where(REQUEST.c.request_id == request_id)).one_or_none()
    if request is None or not may_see_request(caller.person, request.requester_team, request.owner_teams):
        raise NotFound(f"There is no request {request_id}, or none that you may see.")
    if not may_reveal(caller.person, request.requester_team):
        raise NotAllowed(f"Only {request.requester_team}, who ordered this, reads its sensitive outputs.")
    return request


def _clear(unit: Unit, request: Row[Any], output: Row[Any]) -> Any:
    return json.loads(unit.vault.decrypt(output.secret_value, output_cell(request.id, output.group, output.name)))
