"""The files that a request uses, as people read them."""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select

from app.core.fields.attaching import spoken_size
from app.core.within import holds
from app.models.tables import FILE, REQUEST_FILE, UPLOAD
from app.queries.reader import Reader


def named(session: Reader, request: uuid.UUID, fields: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """By upload id: `values.yaml, 3 KB`. fields: all that the request's forms ask. One SELECT where one asks for a file."""
    if not any(holds(field, "file") for field in fields):
        return {}
    rows = session.execute(
        select(UPLOAD.c.upload_id, UPLOAD.c.name, FILE.c.size)
        .join(REQUEST_FILE, REQUEST_FILE.c.upload_id == UPLOAD.c.id)
        .join(FILE, FILE.c.sha256 == UPLOAD.c.sha256)
        .where(REQUEST_FILE.c.request_id == request)
    )
    return {row.upload_id: f"{row.name}, {spoken_size(row.size)}" for row in rows}
