"""The people among the answers of a request, as people read them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import select

from app.models import User
from app.queries.reader import Reader

Answered = tuple[Iterable[Mapping[str, Any]], Mapping[str, Any]]
"""The fields of a form, as its document has them, and the answers by name."""


def named(session: Reader, forms: Iterable[Answered]) -> dict[str, str]:
    """By `user_id`: the name. One SELECT where somebody was named at all."""
    found = {one for fields, values in forms for field in fields for one in people_in(field, values.get(field["name"]))}
    if not found:
        return {}
    rows = session.execute(select(User.subject, User.name).where(User.subject.in_(sorted(found))).order_by(User.created_at))
    return {row.subject: row.name for row in rows}


def people_in(field: Mapping[str, Any], value: Any) -> Iterator[str]:
    """Every `user_id` in an answer, also inside lists and objects."""
    if field.get("type") == "user" and isinstance(value, str):
        yield value
    elif field.get("type") == "list" and isinstance(value, list):
        for one in value:
            yield from people_in(field.get("of") or {}, one)
    elif field.get("type") == "object" and isinstance(value, Mapping):
        for inner in field.get("fields") or ():
            yield from people_in(inner, value.get(inner.get("name")))
