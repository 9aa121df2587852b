"""The load of one fault: people who order, a little of everything, and who press cancel now and then."""

import random
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.client import Client
from tests.chaos.stack import Stack

REQUESTERS = ("sarah-123", "bob-456", "sarah-123", "bob-456")
MIX = {"call-once": 12, "call-many": 11, "look": 5, "by-hand": 3, "workflow": 5, "chain": 13, "several": 9}
"""Kind -> its part of sixty. The builds come on top: each takes a second or two of a core."""
WITHOUT_KEY, SENT_TWICE, CANCELLED = 0.1, 0.1, 0.1


@dataclass(frozen=True, slots=True)
class Accepted:
    """An order that the portal took: it answered 2xx."""

    request_id: str
    kind: str


@dataclass
class Load:
    """`orders` orders over `seconds`, from several people at once. Start it, let the fault happen, `join`."""

    stack: Stack
    name: str
    seed: int
    orders: int
    builds: int
    seconds: float
    accepted: list[Accepted] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    cancelled: int = 0
    lost: int = 0
    """Orders of which nobody knows: they carried no key, and no answer came."""
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> "Load":
        """Begin to order."""
        chance = random.Random(f"{self.seed}-{self.name}")
        kinds = chance.choices(list(MIX), weights=list(MIX.values()), k=self.orders - self.builds) + ["build"] * self.builds
        chance.shuffle(kinds)
        work = [(f"{self.name}-{number}", kind) for number, kind in enumerate(kinds)]
        for number, who in enumerate(REQUESTERS):
            mine = work[number :: len(REQUESTERS)]
            client = Client(self.stack, who, self.seed + number)
            thread = threading.Thread(target=self._order_all, args=(client, mine, random.Random(f"{chance.random()}")))
            self._threads.append(thread)
            thread.start()
        return self

    def join(self) -> None:
        """Wait until everybody has ordered."""
        for thread in self._threads:
            thread.join()

    def _order_all(self, client: Client, work: list[tuple[str, str]], chance: random.Random) -> None:
        pause = self.seconds / max(len(work), 1)
        for label, kind in work:
            began = time.monotonic()
            request_id = self._order(client, label, kind, chance)
            if request_id is not None and chance.random() < CANCELLED:
                self._cancel(client, request_id)
            time.sleep(max(0.0, chance.uniform(0.5, 1.5) * pause - (time.monotonic() - began)))

    def _order(self, client: Client, label: str, kind: str, chance: random.Random) -> str | None:
        key = None if chance.random() < WITHOUT_KEY else f"key-{label}"
        order = self._body(label, kind)
        answer = client.call("POST", "/requests", order, key=key, again=key is not None)
        if answer is None:
            self.lost += key is None
            if key is not None:
                self.complaints.append(f"{label}: no answer to an order with a key, for all its patience")
            return None
        if not answer.well:
            self.complaints.append(f"{label}: an order was answered {answer.status}: {answer.body}")
            return None
        request_id = str(answer.body["request_id"])
        self.accepted.append(Accepted(request_id, kind))
        if key is not None and chance.random() < SENT_TWICE:
            self._send_again(client, order, key, request_id)
        return request_id

    def _send_again(self, client: Client, order: dict[str, Any], key: str, request_id: str) -> None:
        again = client.call("POST", "/requests", order, key=key)
        if again is not None and (not again.well or again.body["request_id"] != request_id):
            self.complaints.append(f"{request_id}: the same order with the same key was answered {again.status} {again.body}")

    def _cancel(self, client: Client, request_id: str) -> None:
        answer = client.call("POST", f"/requests/{request_id}/cancel", {"reason": "chaos"})
        if answer is not None and answer.well:
            self.cancelled += 1
        elif answer is not None and answer.status != 409:
            self.complaints.append(f"{request_id}: cancel was answered {answer.status}: {answer.body}")

    def _body(self, label: str, kind: str) -> dict[str, Any]:
        if kind == "several":
            return {"catalog_bundle": kind, "bundle_parameters": {"label": label}}
        more = {"pass_phrase": self.stack.canaries.answer} if kind == "call-once" else {}
        return {"catalog_item": kind, "parameters": {"label": label} | more}
