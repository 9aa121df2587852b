"""Requests brought to a point of their story, for the pages that show them."""

from typing import Any

from app.core.outcomes import Done, Failed, Indeterminate
from tests.fixtures.house import House, http, item

FIELDS = (
    "[{name: size, type: integer, required: true, title: Size of it, unit: GB},"
    " {name: pin, type: string, sensitive: true, title: Pin}]"
)
MADE = "{address: {type: string, title: Address, default: 'db-{{ size }}'}, password: {type: string, sensitive: true}}"
OUTPUTS = """
outputs:
  url: {value: "https://{{ steps.make.outputs.address }}.example.com"}
  password: {value: "{{ steps.make.outputs.password }}", sensitive: true}
"""
ADVICE = {"error_code": "NoRoom", "advice": "Choose a smaller size"}
NO_ROOM = Failed("Error creating it: there is no room", kind="http_error", details=ADVICE)
INPUTS = {"url": "https://rooms.example.com", "body": {"size": 3}}


def offer(house: House) -> None:
    """An item of two steps, one after the other: `make`, with outputs, then `announce`."""
    steps = [http("make", title="Database", outputs=MADE), http("announce", title="Announcement", depends_on="[make]")]
    house.offer(single=item("\n".join(steps), fields=FIELDS, extra=OUTPUTS, name="Small Database"))


def ordered(house: House, who: str = "sarah-123") -> str:
    """A request that has just been sent; its id."""
    offer(house)
    return again(house, who)


def again(house: House, who: str = "sarah-123") -> str:
    """One more request of the same item."""
    return house.order({"catalog_item": "single", "parameters": {"size": 3, "pin": "s3same"}}, who).request_id


def failed(house: House, outcome: Failed = NO_ROOM, **more: Any) -> str:
    """A request whose first step has failed and waits for people; its id."""
    request_id = ordered(house)
    fail(house, outcome, **more)
    return request_id


def fail(house: House, outcome: Failed = NO_ROOM, **more: Any) -> None:
    """Run the next step into a failure."""
    assert house.record(house.must_claim(), outcome, **{"inputs": INPUTS, **more}) is not None


def unknown(house: House, who: str = "sarah-123") -> str:
    """A request of whose first step nobody can tell what became of it: its run got lost, and so did the probe; its id."""
    request_id = ordered(house, who)
    for _ in range(2):
        house.finish(Indeterminate({"method": "POST", "url": "https://rooms.example.com", "idempotency_key": "key-7"}))
    return request_id


def done(house: House) -> str:
    """A request that ran through; its id."""
    request_id = ordered(house)
    house.finish(Done({"address": "db-1", "password": "hunter2"}, frozenset({"password"})))
    house.finish(Done())
    return request_id


def ticket_of(house: House) -> str:
    """The number of the newest ticket."""
    return str(house.tickets()[-1].ticket_id)
