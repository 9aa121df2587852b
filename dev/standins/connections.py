"""Stand-in of the endpoint that connects an application with its database and cache: `POST /v1/connections`.

Honours `Idempotency-Key`: the same key answers the same again, with another body 422. Behaviours: `fail {status,
retry_after}`, `delay {seconds}`, `drop` (it is made, but the connection is cut before the answer).
"""

import argparse
import time
import uuid
from threading import Lock
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from dev.standins.behaviours import Behaviours, controls
from dev.standins.serving import hang_up, serve

KNOWN: dict[str, dict[str, Any]] = {"fail": {"status": 503, "retry_after": None}, "delay": {"seconds": 1.0}, "drop": {}}


class Connections:
    """What was made, by idempotency key, and every call that came."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[Any, dict[str, Any]]] = {}
        self._calls: list[dict[str, Any]] = []
        self._lock = Lock()

    def make(self, key: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """The connection of this key; None when the key was used with another body."""
        with self._lock:
            made = self._made.setdefault(
                key, (body, {"connection_id": f"conn-{uuid.uuid4().hex[:12]}", "status": "configured"})
            )
        return made[1] if made[0] == body else None

    def find(self, connection_id: str) -> dict[str, Any] | None:
        """One connection with what it connects."""
        with self._lock:
            for body, made in self._made.values():
                if made["connection_id"] == connection_id:
                    return {**made, "request": body}
        return None

    def note(self, key: str | None, status: int) -> None:
        """Log a call."""
        with self._lock:
            self._calls.append({"key": key, "status": status, "at": time.time()})

    def calls(self) -> list[dict[str, Any]]:
        """Every call that made, or was to make, a connection."""
        with self._lock:
            return list(self._calls)


def create_app() -> Flask:
    """The stand-in as a Flask application."""
    app = Flask(__name__)
    connections, behaviours = Connections(), Behaviours(KNOWN)
    app.register_blueprint(controls(behaviours))
    app.register_error_handler(HTTPException, _problem)

    @app.post("/v1/connections")
    def make() -> Response:
        key = request.headers.get("Idempotency-Key")
        answer = _answer(connections, key, behaviours.take())
        connections.note(key, answer.status_code)
        return answer

    @app.get("/v1/connections/<connection_id>")
    def one(connection_id: str) -> Response:
        found = connections.find(connection_id)
        return jsonify(found) if found else _refusal(404, "there is no such connection")

    @app.get("/_log")
    def log() -> Response:
        return jsonify(calls=connections.calls())

    return app


def _answer(connections: Connections, key: str | None, shown: dict[str, dict[str, Any]]) -> Response:
    if "delay" in shown:
        time.sleep(float(shown["delay"]["seconds"]))
    if "fail" in shown:
        return _failure(shown["fail"])
    body = request.get_json(silent=True)
    if not key or not isinstance(body, dict):
        return _refusal(400, "an Idempotency-Key header and a JSON object are needed")
    made = connections.make(key, body)
    if made is None:
        return _refusal(422, "this Idempotency-Key was used with another body")
    if "drop" in shown:
        hang_up()
    answer = jsonify(made)
    answer.status_code = 201
    answer.headers["Location"] = f"/v1/connections/{made['connection_id']}"
    return answer


def _failure(options: dict[str, Any]) -> Response:
    answer = _refusal(int(options["status"]), "told to fail")
    if options["retry_after"] is not None:
        answer.headers["Retry-After"] = str(options["retry_after"])
    return answer


def _refusal(status: int, message: str) -> Response:
    answer = jsonify(error=message)
    answer.status_code = status
    return answer


def _problem(error: HTTPException) -> Response:
    return _refusal(error.code or 500, error.description or error.name)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    serve(create_app(), parser.parse_args().port)
