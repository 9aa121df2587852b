"""Keyset pages: a cursor is the sort key of the last row, signed so that nobody makes one up. Never OFFSET."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from itsdangerous import BadSignature, URLSafeSerializer

from app.errors import Fault, Invalid

DEFAULT_LIMIT = 50
MOST = 100

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """One page of a list. next_cursor: where the next one begins, None at the end."""

    items: Sequence[Item]
    next_cursor: str | None

    @property
    def pagination(self) -> dict[str, Any]:
        """The API's `pagination`."""
        return {"next_cursor": self.next_cursor, "has_more": self.next_cursor is not None}


@dataclass(frozen=True, slots=True)
class Cursors:
    """Makes and reads cursors. A cursor of one list is not good for another: `purpose` is signed in."""

    secret: str

    def make(self, purpose: str, key: Sequence[Any]) -> str:
        """The cursor of a row's sort key (JSON values)."""
        return str(self._serializer(purpose).dumps(list(key)))

    def read(self, purpose: str, cursor: str) -> list[Any]:
        """The sort key of a cursor. Raises Invalid for one that this list did not hand out."""
        try:
            key = self._serializer(purpose).loads(cursor)
        except BadSignature as error:
            fault = Fault(("cursor",), "cursor", "is not a cursor of this list; begin without one")
            raise Invalid(faults=[fault]) from error
        return list(key)

    def _serializer(self, purpose: str) -> URLSafeSerializer:
        return URLSafeSerializer(self.secret, salt=f"cursor:{purpose}")


def page(
    rows: Sequence[Any],
    limit: int,
    key: Callable[[Any], Sequence[Any]],
    view: Callable[[Any], Item],
    cursors: Cursors,
    purpose: str,
) -> Page[Item]:
    """The page of `rows`, of which one more than `limit` was read to see whether there is a next page."""
    shown = rows[:limit]
    more = len(rows) > limit
    return Page([view(row) for row in shown], cursors.make(purpose, key(shown[-1])) if more else None)
