"""A person's way into the portal: the real API over HTTP, past webs that die, with patience where a call may be repeated."""

import http.client
import json
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.chaos.stack import Stack

CALL_SECONDS = 8.0
PATIENCE_SECONDS = 40.0
PAUSE_SECONDS = 0.15


@dataclass(frozen=True, slots=True)
class Answer:
    """What the portal said."""

    status: int
    body: Any

    @property
    def well(self) -> bool:
        """Whether it is a 2xx."""
        return 200 <= self.status < 300


class Client:
    """One person at the API. A server's failure is one of 5xx, a broken connection or silence."""

    def __init__(self, stack: Stack, who: str, seed: int) -> None:
        self.stack, self.who = stack, who
        self._random = random.Random(f"{seed}-{who}")

    def call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, key: str | None = None, again: bool = True
    ) -> Answer | None:
        """Call until there is an answer that is no server's failure; None when none came in time.

        again: whether it may be sent again. Without, one failure is the end of it, and nobody knows what became of it.
        """
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = self._once(method, path, body, key)
            if answer is not None and answer.status < 500:
                return answer
            if not again or time.monotonic() > until:
                return None
            time.sleep(PAUSE_SECONDS)

    def _once(self, method: str, path: str, body: Mapping[str, Any] | None, key: str | None) -> Answer | None:
        port = self._random.choice(list(self.stack.web_ports.values()))
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=CALL_SECONDS)
        headers = {"Authorization": f"Bearer {self.stack.tokens[self.who]}", "Content-Type": "application/json"}
        if key is not None:
            headers["Idempotency-Key"] = key
        try:
            connection.request(method, f"/api/v1{path}", json.dumps(body) if body is not None else None, headers)
            reply = connection.getresponse()
            return Answer(reply.status, _content(reply.read()))
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()


def _content(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode("utf-8", "replace")
