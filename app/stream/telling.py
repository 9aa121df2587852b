"""Events and log lines as the JSON objects that the API answers with: every way tells the same story in the same words."""

import json
from datetime import datetime, tzinfo
from typing import Any

from app.queries.shapes import Event, Line


def of_event(event: Event, zone: tzinfo) -> str:
    """The API's `RequestEvent`, in one line."""
    return _text(
        {
            "number": event.number,
            "kind": event.kind,
            "occurred_at": _moment(event.occurred_at, zone),
            "actor": event.actor,
            "step_id": event.step_id,
            "payload": event.payload,
        }
    )


def of_line(line: Line, zone: tzinfo) -> str:
    """The API's `LogLine`, in one line."""
    return _text({"number": line.number, "logged_at": _moment(line.logged_at, zone), "text": line.text})


def _moment(at: datetime, zone: tzinfo) -> str:
    return at.astimezone(zone).isoformat(timespec="microseconds")


def _text(value: dict[str, Any]) -> str:
    # ASCII: U+2028 and the like end lines for some readers.
    return json.dumps(value, separators=(",", ":"))
