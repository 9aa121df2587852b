"""People who watch their orders live while all of it happens, over server-sent events, and go on where they were cut off."""

import http.client
import json
import random
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field

from tests.chaos.evidence import needles
from tests.chaos.load import Load
from tests.chaos.stack import Stack

WATCHERS = 4
SILENCE_SECONDS = 3.0
"""A watcher who heard nothing for so long asks again: nothing is lost by it."""
PAUSE_SECONDS = 0.2
CATCH_UP_SECONDS = 15.0
WHO = "sarah-123"
"""She and who orders with her are of one team."""


@dataclass
class Watchers:
    """Each follows one order at a time, to its end. `told` is what they heard: request -> the numbered kinds, in order."""

    stack: Stack
    load: Load
    told: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    leaks: set[str] = field(default_factory=set)
    _over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> "Watchers":
        """Begin to watch what is ordered."""
        self._secret = needles(self.stack)
        for number in range(WATCHERS):
            thread = threading.Thread(target=self._watch_on, args=(random.Random(number),), daemon=True)
            self._threads.append(thread)
            thread.start()
        return self

    def stop(self, last: Mapping[str, int]) -> None:
        """Watch no new ones, and hear what is missing of those that were watched. last: request -> its last event."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        until = time.monotonic() + CATCH_UP_SECONDS
        for request_id in self.told:
            while self._heard(request_id) < last[request_id] and time.monotonic() < until:
                self._listen(request_id, random.Random(0), last[request_id])

    def _watch_on(self, chance: random.Random) -> None:
        while not self._over.is_set():
            request_id = self._next()
            while request_id is not None and not self._over.is_set() and self._listen(request_id, chance, None):
                time.sleep(PAUSE_SECONDS)
            self._over.wait(PAUSE_SECONDS)

    def _next(self) -> str | None:
        with self._lock:
            fresh = [order.request_id for order in self.load.accepted if order.request_id not in self.told]
            if fresh:
                self.told[fresh[-1]] = []
            return fresh[-1] if fresh else None

    def _heard(self, request_id: str) -> int:
        told = self.told[request_id]
        return told[-1][0] if told else 0

    def _listen(self, request_id: str, chance: random.Random, last: int | None) -> bool:
        """Listen once, until the connection ends or `last` was heard; whether there may be more."""
        port = chance.choice(list(self.stack.web_ports.values()))
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=SILENCE_SECONDS)) as connection:
            try:
                path = f"/api/v1/requests/{request_id}/stream?after={self._heard(request_id)}"
                connection.request("GET", path, headers={"Authorization": f"Bearer {self.stack.tokens[WHO]}"})
                reply = connection.getresponse()
                if reply.status == 204:
                    return False
                if reply.status == 200:
                    for number, text in _events(reply):
                        self._hear(request_id, number, text)
                        if number == last:
                            return False
            except (OSError, http.client.HTTPException):
                return True
        return True

    def _hear(self, request_id: str, number: int, text: str) -> None:
        self.told[request_id].append((number, str(json.loads(text)["kind"])))
        self.leaks |= {f"a stream holds a {name}" for name, secret in self._secret.items() if secret in text}


def _events(reply: http.client.HTTPResponse) -> Iterator[tuple[int, str]]:
    """The numbered events of a stream, as they come."""
    number, text = 0, ""
    for raw in reply:
        line = raw.decode().rstrip("\r\n")
        if line.startswith("id:"):
            number = int(line.removeprefix("id:"))
        elif line.startswith("data:"):
            text = line.removeprefix("data:").strip()
        elif not line and text:
            yield number, text
            text = ""
