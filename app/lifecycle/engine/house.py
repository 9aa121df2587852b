"""What the checks of a running request ask about the portal's own orders, each in a short transaction of its own."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Row, select

from app.core.house_checks import Held
from app.core.quota import QuotaLine
from app.lifecycle import quotas
from app.lifecycle.engine.claims import Claim
from app.lifecycle.orders import looking_up
from app.models.tables import ITEM, REQUEST


class RequestHouse:
    """The portal as one claimed check sees it (see `app.steps.base.House`)."""

    def __init__(self, engine: Engine, claim: Claim) -> None:
        self._engine = engine
        self._claim = claim

    def take(self, named: str, value: Any, among: str) -> Held | None:
        """Take a value for the request, where nobody else has it."""
        with self._engine.begin() as connection:
            request = connection.execute(select(REQUEST).where(REQUEST.c.id == self._claim.request)).one()
            digest = looking_up.digest_of(self._whose(connection, request), named, value, among, request.requester_team)
            return looking_up.take_value(connection, request, digest)

    def quotas(self) -> Sequence[QuotaLine]:
        """The limits that the request touches, as they are now."""
        with self._engine.begin() as connection:
            return quotas.held_by(connection, self._claim.request_id)

    def _whose(self, connection: Connection, request: Row[Any]) -> looking_up.Checked:
        alias = self._claim.step.item_alias
        if alias is None:
            return looking_up.Checked("bundle", request.catalog_name)
        mine = (ITEM.c.request_id == request.id, ITEM.c.alias == alias)
        return looking_up.Checked("item", connection.scalars(select(ITEM.c.catalog_item).where(*mine)).one())
