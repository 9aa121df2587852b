"""The outputs of a request as a client asks for them: all or of one item, masked or in clear, as JSON or as a `.env` file."""

from collections.abc import Mapping
from typing import Any

from flask import Response

from app.api.shapes.requests import OutputsQuery, RequestOutputs
from app.core.env_file import env_file
from app.errors import NotFound
from app.lifecycle.revealing import Revealed
from app.queries.shapes import Outputs


def answer(request_id: str, kept: Outputs, query: OutputsQuery, clear: Revealed) -> RequestOutputs | Response:
    """The answer to `query`. clear: what was revealed. Raises NotFound for an item that the request does not have."""
    if query.item is not None and query.item not in kept.groups:
        raise NotFound(f"{request_id} has no item {query.item}; there is {', '.join(kept.groups) or 'none'}.")
    chosen = {group: values for group, values in kept.written.items() if query.item in (None, group)}
    groups = {
        group: {name: clear.get((group, name), value) for name, value in values.items()} for group, values in chosen.items()
    }
    flat = kept.alone or query.item is not None
    if query.format == "env":
        return _env(groups, flat=flat)
    outputs = next(iter(groups.values()), {}) if flat else groups
    return RequestOutputs(request_id=request_id, outputs=outputs)


def _env(groups: Mapping[str, Mapping[str, Any]], *, flat: bool) -> Response:
    rows = [("" if flat else group, name, value) for group, values in groups.items() for name, value in values.items()]
    return Response(env_file(rows), mimetype="text/plain")
