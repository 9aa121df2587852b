"""One secret, given in every way and used by steps that fail and succeed, is hunted wherever anybody could look."""

import base64
import json
import logging
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from redis import Redis
from sqlalchemy import text

from app.core.statuses import RequestStatus
from app.jobs.leases import Held
from app.lifecycle.engine import progress
from app.models.tables import OUTPUT, REQUEST
from tests.fixtures.house import House, item
from worker import build

CANARY = 'canary 4711/ü"x'
PIN = "9021077310"
FIELDS = (
    "[{name: size, type: integer, required: true}, {name: password, type: secret, required: true},"
    " {name: pin, type: integer, sensitive: true}, {name: key, type: file, sensitive: true}]"
)
FORM = "/order/items/hunted"


class _Echo(BaseHTTPRequestHandler):
    """Somebody else's system: it repeats what it is told, and refuses until it is `open`."""

    seen: list[str]
    open: threading.Event

    def do_POST(self) -> None:
        told = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.seen.append(told)
        body = json.dumps({"echoed": f"you said {told}", "plain": json.loads(told)["password"]}).encode()
        self.send_response(200 if self.open.is_set() else 400)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name is the base class's
        """Tests are quiet."""


@pytest.fixture
def outside() -> Iterator[tuple[str, list[str], threading.Event]]:
    seen, opened = list[str](), threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Echo", (_Echo,), {"seen": seen, "open": opened}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/", seen, opened
    server.shutdown()
    server.server_close()


@pytest.fixture
def hunted(house: House, outside: tuple[str, list[str], threading.Event]) -> House:
    """An item whose step, outputs, check and manual task all use its secrets."""
    body = "body: {password: '{{ password }}', pin: '{{ pin }}'}"
    step = (
        f"- {{name: make, type: HttpPost, template: {{url: '{outside[0]}', {body}}},"
        " outputs: {echoed: {type: string}, plain: {type: string}}}"
    )
    made = "outputs: {made: {value: '{{ steps.make.outputs.plain }}'}, said: {value: 'it is {{ password | upper }}'}}"
    document = item(step, fields=FIELDS, extra=made).replace("With care", "Set {{ password }} with {{ pin }}")
    house.offer(hunted=document)
    return house


def needles() -> set[str]:
    """The secrets, as they are and in the forms that logs, addresses, JSON and dumps give them."""
    raw = CANARY.encode()
    forms = {CANARY, CANARY.upper(), json.dumps(CANARY)[1:-1], quote(CANARY), quote_plus(CANARY), raw.hex()}
    return forms | {base64.b64encode(raw).decode(), CANARY.replace('"', "&#34;"), PIN}


def found_in(where: str) -> list[str]:
    return sorted(one for one in needles() if one in where)


def work(house: House) -> None:
    """Let a worker perform and record the next step."""
    runtime = build(house.settings.model_copy(update={"outbound_hosts": ("127.0.0.1",)}), "w1")
    claim = house.must_claim()
    result = runtime.performer.perform(claim, Held(uuid.uuid4()))
    with house.engine.begin() as connection:
        progress.record(connection, claim, result, runtime.tools)
    runtime.leases.engine.dispose()
    runtime.close()


def dumps(house: House, redis_client: Redis) -> dict[str, str]:
    """Every table row by row, bytes in hex and plain, and every key of Valkey."""
    with house.engine.connect() as connection:
        names = connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
        tables = {name: "".join(connection.scalars(text(f'SELECT t::text FROM "{name}" t'))) for name in names}
    keys = {f"redis {key!r}": repr(key + (redis_client.dump(key) or b"")) for key in redis_client.scan_iter()}
    return {**tables, **keys}


def test_a_secret_is_found_nowhere(
    hunted: House,
    outside: tuple[str, list[str], threading.Event],
    people: Any,
    signed_in: Any,
    redis_client: Redis,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    seen: dict[str, str] = {}
    sarah, browser = people.api("sarah-123"), signed_in("sarah-123")
    upload = sarah.post("/api/v1/uploads", data=CANARY.encode(), content_type="application/octet-stream").json["upload_id"]
    answers = {"size": 3, "password": CANARY, "pin": int(PIN), "key": upload}
    order = {"catalog_item": "hunted", "parameters": answers}

    for wrong in ({"size": "many"}, {"password": [CANARY]}, {"pin": PIN}, {"password": CANARY + "\x07"}):
        spoilt = {**order, "parameters": {**answers, **wrong}}
        seen[f"problem {sorted(wrong)}"] = sarah.post("/api/v1/requests", json=spoilt).text
        seen[f"validation {sorted(wrong)}"] = sarah.post("/api/v1/requests/validate", json=spoilt).text
    seen["validation"] = sarah.post("/api/v1/requests/validate", json=order).text
    seen["draft"] = sarah.post("/api/v1/drafts", json={"order": order}).text
    typed = {"item.size": "3", "item.password": CANARY, "item.pin": PIN, "item.key": upload}
    for do in ("review", "change", "save", "template", "json", "yaml", "curl"):
        seen[f"page {do}"] = browser.send(FORM, {**typed, "do": do}).text
    seen["form with a fault"] = browser.send(FORM, {**typed, "item.size": "many"}).text

    made = sarah.post("/api/v1/requests", json=order, headers={"Idempotency-Key": "a-key"})
    seen["created"] = made.text
    request_id = made.json["request_id"]
    work(hunted)  # fails, and a ticket opens
    ticket_id = hunted.tickets()[0].ticket_id
    for path in ("", "/outputs", "/events", "/steps/step-001", "/steps/step-001/logs"):
        seen[f"API {path} after a failure"] = sarah.get(f"/api/v1/requests/{request_id}{path}").text
    carol = signed_in("carol-789")
    for path in (f"/requests/{request_id}", f"/tickets/{ticket_id}"):
        seen[f"{path} after a failure"] = carol.get(path).text
    seen["ticket"] = people.api("carol-789").get(f"/api/v1/tickets/{ticket_id}").text
    outside[2].set()
    hunted.work_ticket("retry", ticket_id)
    work(hunted)
    for path in ("", "/outputs", "/events", "/steps/step-001", "/steps/step-001/logs"):
        seen[f"API {path} at the end"] = sarah.get(f"/api/v1/requests/{request_id}{path}").text
    for path in ("", "/steps/step-001/log"):
        seen[f"page {path} at the end"] = browser.get(f"/requests/{request_id}{path}").text

    assert (hunted.request(request_id).status, hunted.step("make").error) == (RequestStatus.COMPLETED, None)
    assert {CANARY in json.loads(one)["password"] for one in outside[1]} == {True}
    seen["log"] = "\n".join(str(record.__dict__) for record in caplog.records if not record.name.startswith("tests"))
    places = {where: found_in(what) for where, what in {**seen, **dumps(hunted, redis_client)}.items()}
    assert {where: what for where, what in places.items() if what} == {}
    assert hunted.rows(OUTPUT.select().where(~OUTPUT.c.sensitive)) == []
    assert hunted.rows(REQUEST.select()) != []
