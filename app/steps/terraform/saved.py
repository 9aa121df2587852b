"""A glance at the state that our own backend holds, without starting Terraform."""

import base64
import http.client
from contextlib import closing
from http import HTTPStatus
from urllib.parse import urlsplit

from app.core import json_text
from app.steps.base import StateAccess

SECONDS = 10.0


def holds_nothing(state: StateAccess) -> bool:
    """True when there is no state, or one without a managed resource. False where that cannot be told: Terraform finds out."""
    where = urlsplit(state.address)
    key = base64.b64encode(f"{state.username}:{state.password}".encode()).decode()
    try:
        # Not through the way out: this is the worker's own loopback, which no catalog may name.
        with closing(http.client.HTTPConnection(where.hostname or "", where.port, timeout=SECONDS)) as connection:
            connection.request("GET", where.path, headers={"Authorization": f"Basic {key}"})
            reply = connection.getresponse()
            return reply.status == HTTPStatus.NO_CONTENT or (reply.status == HTTPStatus.OK and _is_empty(reply.read()))
    except (OSError, http.client.HTTPException):
        return False


def _is_empty(content: bytes) -> bool:
    try:
        resources = json_text.plain(content)["resources"]
        return not any(one.get("mode") == "managed" for one in resources)
    except (ValueError, LookupError, TypeError, AttributeError):
        return False
