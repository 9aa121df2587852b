"""The people after the fault: those who work tickets, looking before they press, and those who ordered and decide anew."""

import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.client import Client
from tests.chaos.evidence import needles
from tests.chaos.stack import Stack

WORKER_OF = {
    "platform-data-team": "carol-789",
    "platform-compute-team": "erin-321",
    "platform-solutions-team": "erin-321",
}
REFUSED = 409
READ = 12
"""How many orders are read to the end."""
DONE = {"resolve": "resolved", "reject": "rejected", "retry-automation": "automation again"}
"""What is pressed on a ticket -> how it is told."""


@dataclass
class People:
    """Everybody of the cast who presses something after a fault. `did` counts what was done."""

    stack: Stack
    seed: int
    did: Counter[str] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(f"{self.seed}-people")
        self._clients = {who: Client(self.stack, who, self.seed) for who in ("carol-789", "erin-321", "dana-001", "sarah-123")}

    def work_tickets(self) -> int:
        """Work every open ticket once; answers how many there were."""
        tickets = self._queue()
        for ticket in tickets:
            client = self._clients[WORKER_OF[ticket["owner_team"]]]
            path, body = self._decision(ticket)
            self._press(client, f"/tickets/{ticket['ticket_id']}/{path}", body, DONE[path])
        return len(tickets)

    def _queue(self) -> list[dict[str, Any]]:
        """Every open ticket, page by page."""
        found: list[dict[str, Any]] = []
        cursor: str | None = ""
        while cursor is not None:
            more = f"&cursor={cursor}" if cursor else ""
            page = self._clients["dana-001"].call("GET", f"/tickets?status=open,claimed&limit=100{more}")
            if page is None or not page.well:
                self.complaints.append(f"the queue was answered {page}")
                break
            found += page.body["tickets"]
            cursor = page.body["pagination"]["next_cursor"]
        return found

    def decide(self, since: int) -> None:
        """Let those who ordered press retry, resume and roll back here and there. since: number of the last older request."""
        client = self._clients["sarah-123"]
        for row in self._ended(since):
            press = self._next(row)
            if press is not None:
                body = {"reason": "chaos"} if press == "rollback" else None
                self._press(client, f"/requests/{row.request_id}/{press}", body, press)

    def look_around(self, requests: Sequence[Any]) -> list[str]:
        """Read some orders as those who made them do; answers the secrets that the portal showed."""
        secret = needles(self.stack)
        client, shown = self._clients["sarah-123"], []
        for row in self._random.sample(list(requests), min(READ, len(requests))):
            for what in ("", "/outputs", "/events?limit=100", "/steps/step-001", "/steps/step-001/logs"):
                answer = client.call("GET", f"/requests/{row.request_id}{what}")
                text = json.dumps(answer.body) if answer is not None else ""
                shown += [f"GET {what or 'a request'} shows a {name}" for name, canary in secret.items() if canary in text]
        return shown

    def _next(self, row: Any) -> str | None:
        """What to press on an ended request. Nobody repeats what has happened already: they look first."""
        chance = self._random.random()
        if row.status == "completed":
            return "rollback" if chance < 0.12 else None
        if row.status == "failed" and chance < 0.5 and not self._half_done(row.id):
            return "retry" if chance < 0.25 else "resume"
        if row.status == "cancelled" and chance < 0.5 and not self._half_done(row.id):
            return "resume"
        return "rollback" if chance > 0.85 else None

    def _ended(self, since: int) -> list[Any]:
        statement = (
            "SELECT id, request_id, status FROM service_requests WHERE number > %s AND requester_team = 'customer-experience'"
            " AND status IN ('completed', 'failed', 'cancelled') ORDER BY number"
        )
        with self.stack.database() as connection:
            return connection.execute(statement, [since]).fetchall()

    def _half_done(self, request: object) -> bool:
        """Whether a step that has not ended well took effect outside all the same."""
        statement = "SELECT id FROM request_steps WHERE request_id = %s AND status NOT IN ('completed', 'skipped')"
        with self.stack.database() as connection:
            steps = [str(row.id) for row in connection.execute(statement, [request])]
        return any(self.stack.outside.has_happened(step) for step in steps)

    def _decision(self, ticket: dict[str, Any]) -> tuple[str, dict[str, Any] | None]:
        chance = self._random.random()
        resolve = "resolve", {"outputs": self._filled(ticket), "comment": "looked at it"}
        if ticket["type"] in ("fulfillment", "undo"):
            return resolve if chance < 0.9 else ("reject", {"reason": "cannot be done"})
        if self._has_happened(ticket):
            return resolve
        if chance < 0.15:
            return "reject", {"reason": "cannot be done"}
        return resolve if chance < 0.4 else ("retry-automation", None)

    def _has_happened(self, ticket: dict[str, Any]) -> bool:
        """What people find who look outside."""
        statement = (
            "SELECT s.id, s.step_type FROM request_steps s JOIN service_requests r ON r.id = s.request_id"
            " WHERE r.request_id = %s AND s.step_id = %s"
        )
        with self.stack.database() as connection:
            row = connection.execute(statement, [ticket["request_id"], ticket["step_id"]]).fetchone()
        if row.step_type == "GitHubWorkflow":
            return self.stack.runs_of(ticket["request_id"]) > 0
        return self.stack.outside.has_happened(str(row.id))

    def _filled(self, ticket: dict[str, Any]) -> dict[str, Any]:
        fields = ticket["outputs_form"]["fields"]
        return {one["name"]: self.stack.canaries.output if one.get("sensitive") else "by hand" for one in fields}

    def _press(self, client: Client, path: str, body: dict[str, Any] | None, what: str) -> None:
        answer = client.call("POST", path, body)
        if answer is None:
            self.complaints.append(f"{path}: no answer")
        elif answer.well:
            self.did[what] += 1
        elif answer.status == REFUSED:
            self.did[f"{what} refused"] += 1
        else:
            self.complaints.append(f"{path} was answered {answer.status}: {answer.body}")
