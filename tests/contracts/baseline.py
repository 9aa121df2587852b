"""The published OpenAPI document of v1, and what the portal says now."""

import json
from pathlib import Path
from typing import Any

from app import create_app
from app.api.openapi import description
from config import Settings

PATH = Path(__file__).with_name("openapi-v1.json")
ACCEPT = "python -m tests.contracts.accept"


def published() -> dict[str, Any]:
    """What clients were promised."""
    return json.loads(PATH.read_text())


def present() -> dict[str, Any]:
    """What the endpoints say now. Asks no server."""
    app = create_app(Settings(stratus_profile="test", vault_keys="test1:" + "dGVzdC1rZXktb2YtMzItYnl0ZXMtZm9yLXRlc3RzISE="))
    with app.test_request_context():
        return json.loads(json.dumps(description()))


def publish(document: dict[str, Any]) -> None:
    """Make `document` what clients are promised."""
    PATH.write_text(json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
