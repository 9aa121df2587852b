"""What a stand-in was told to do differently for its next calls: `POST /_control {"behaviour", "times", ...}`."""

from collections.abc import Collection, Mapping
from threading import Lock
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request


class Behaviours:
    """Counts down what was asked for. `known`: behaviour -> its options with their defaults."""

    def __init__(self, known: Mapping[str, Mapping[str, Any]]) -> None:
        self.known = known
        self._asked: dict[str, dict[str, Any]] = {}
        self._lock = Lock()

    def ask(self, behaviour: str, times: int, options: Mapping[str, Any]) -> None:
        """Show `behaviour` at the next `times` calls; 0 forgets it."""
        with self._lock:
            self._asked.pop(behaviour, None)
            if times > 0:
                self._asked[behaviour] = {**self.known[behaviour], **options, "times": times}

    def take(self, of: Collection[str] | None = None) -> dict[str, dict[str, Any]]:
        """What to show now, by name, with its options; each is counted down. of: only these, others wait for their call."""
        with self._lock:
            taken = {name: dict(options) for name, options in self._asked.items() if of is None or name in of}
            for name in taken:
                self._asked[name]["times"] -= 1
            self._asked = {name: options for name, options in self._asked.items() if options["times"] > 0}
        return taken

    def pending(self) -> dict[str, dict[str, Any]]:
        """What will be shown, and how often still."""
        with self._lock:
            return {name: dict(options) for name, options in self._asked.items()}

    def forget(self) -> None:
        """Behave well again."""
        with self._lock:
            self._asked.clear()


def controls(behaviours: Behaviours) -> Blueprint:
    """`GET POST DELETE /_control` and `GET /health`."""
    blueprint = Blueprint("controls", __name__)

    @blueprint.get("/health")
    def health() -> Response:
        return jsonify(status="ok")

    @blueprint.get("/_control")
    def pending() -> Response:
        return jsonify(behaviours.pending())

    @blueprint.post("/_control")
    def ask() -> Response:
        body = request.get_json()
        name, times = body.pop("behaviour", None), body.pop("times", 1)
        _refuse(name, body, behaviours.known)
        behaviours.ask(name, int(times), body)
        return jsonify(behaviours.pending())

    @blueprint.delete("/_control")
    def forget() -> Response:
        behaviours.forget()
        return jsonify({})

    return blueprint


def _refuse(name: object, options: Collection[str], known: Mapping[str, Mapping[str, Any]]) -> None:
    if name not in known:
        abort(400, f"behaviour must be one of {', '.join(sorted(known))}")
    if unknown := set(options) - set(known[str(name)]):
        abort(400, f"{name} does not take {', '.join(sorted(unknown))}")
