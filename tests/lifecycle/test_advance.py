"""The plain case in one call writes what the long way writes, and leaves everything else to it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.core.outcomes import Done, Failed, NeedsHuman
from app.lifecycle.engine import advance
from app.lifecycle.engine.advance import Advanced
from app.lifecycle.engine.claims import Claim, Claimant
from app.lifecycle.engine.result import Result
from app.models import AuditEntry
from app.models.tables import ATTEMPT, EVENT, REQUEST, STEP
from config import HERE
from tests.fixtures.house import House, http, item

CLAIMANT = Claimant("w1", timedelta(seconds=30))
DIAMOND = "\n".join(
    [
        http("top"),
        http("left", depends_on="[top]"),
        http("right", depends_on="[top]", timeout="5m"),
        http("bottom", depends_on="[left, right]", outputs="{value: {type: string}}"),
    ]
)
RESULT = Result(
    Done({"value": "x", "key": "y"}, frozenset({"key"}), external_id="17"), {"url": "here"}, [{"name": "n", "ok": True}]
)
OWN = {"id", "step_id", "request_id", "lease_token", "idempotency_key", "written_with", "secret_outputs", "number", "target"}
"""Columns that differ from one request to the other whatever writes them."""


def at_once(house: House, claim: Claim | None, result: Result | None) -> Advanced:
    engine = house.engine.execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        return advance.advance(connection, claim, result, CLAIMANT, house.vault, take=True)


def short_way(house: House) -> None:
    done = at_once(house, None, None)
    while done.taken is not None:
        done = at_once(house, done.taken, RESULT)
        assert not done.elsewhere


def long_way(house: House) -> None:
    claim = house.claim("w1")
    while claim is not None:
        house.record(claim, RESULT.outcome, inputs=RESULT.inputs, checks=RESULT.checks)
        claim = house.claim("w1")


def written(house: House, order: Callable[[], Any], way: Callable[[House], None]) -> dict[str, list[dict[str, Any]]]:
    """Every row of one request, without what is its own: ids, times, tokens."""
    made = order()
    way(house)
    request = house.request(made.request_id)
    steps = house.rows(select(STEP).where(STEP.c.request_id == request.id).order_by(STEP.c.position))
    keys = [step.id for step in steps]
    audited = select(AuditEntry.__table__).where(AuditEntry.target.startswith(f"request:{made.request_id}"))
    tables = {
        "request": [request],
        "steps": steps,
        "attempts": house.rows(select(ATTEMPT).where(ATTEMPT.c.step_id.in_(keys)).order_by(ATTEMPT.c.started_at)),
        "events": house.rows(select(EVENT).where(EVENT.c.request_id == request.id).order_by(EVENT.c.number)),
        "audit": house.rows(audited.order_by(AuditEntry.id)),
    }
    return {name: [plain(row) for row in rows] for name, rows in tables.items()}


def plain(row: Any) -> dict[str, Any]:
    values = {key: value for key, value in row._mapping.items() if key not in OWN and key != "request_number"}
    return {key: value.tzinfo is not None if hasattr(value, "tzinfo") else value for key, value in values.items()}


@pytest.mark.parametrize("document", [DIAMOND, http("alone"), "\n".join([http("one"), http("two")])])
def test_both_ways_write_the_same_rows(house: House, document: str) -> None:
    house.offer(thing=item(document))
    short, long = (written(house, lambda: house.order("thing"), way) for way in (short_way, long_way))
    assert short == long


def test_the_short_way_takes_the_oldest_step_of_any_request(house: House) -> None:
    house.offer(thing=item(http("make")))
    first, second = house.order("thing"), house.order("thing")
    one = at_once(house, None, None)
    assert one.taken is not None
    two = at_once(house, one.taken, RESULT)
    assert two.taken is not None
    assert (one.taken.request_id, two.taken.request_id) == (first.request_id, second.request_id)


@pytest.mark.parametrize("what", ["outputs", "when", "ticket", "given up", "stale"])
def test_everything_else_is_left_to_the_long_way(house: House, what: str) -> None:
    after = http("after", depends_on="[make]", **({"when": "'steps.make.outputs.value'"} if what == "when" else {}))
    steps = "\n".join([http("make", outputs="{value: {type: string}}"), *([after] if what == "when" else [])])
    outputs = 'outputs: {value: {value: "{{ steps.make.outputs.value }}"}}' if what == "outputs" else ""
    house.offer(thing=item("\n".join([steps, http("asks")]) if what == "ticket" else steps, extra=outputs))
    made = house.order("thing")
    if what == "ticket":
        claims = [house.must_claim(), house.must_claim()]
        house.record(next(one for one in claims if one.step.step_name == "asks"), NeedsHuman("by hand"))
        claim = next(one for one in claims if one.step.step_name == "make")
    else:
        claim = house.must_claim()
    if what == "given up":
        with house.engine.begin() as connection:
            connection.execute(REQUEST.update().values(failure="no"))
    if what == "stale":
        house.record(claim, Failed("late"))
    before = house.rows(select(EVENT.c.number))
    done = at_once(house, claim, RESULT)
    assert (done.elsewhere, done.taken) == (True, None)
    assert house.rows(select(EVENT.c.number)) == before
    assert house.request(made.request_id).status != "completed"


def test_nothing_for_us_is_told_from_nothing_at_all(house: House) -> None:
    house.offer(thing=item(http("make")))
    assert at_once(house, None, None) == Advanced(False, 0, False, None)
    house.order("thing")
    with house.engine.begin() as holder:
        holder.exec_driver_sql("SELECT 1 FROM service_requests FOR UPDATE")
        assert at_once(house, None, None) == Advanced(False, 0, True, None)


def test_the_automation_has_one_time_for_all_of_its_steps(house: House) -> None:
    house.offer(thing=item(DIAMOND).replace("    steps:", "    timeout: 10m\n    steps:"))
    house.order("thing")
    first = at_once(house, None, None).taken
    assert first is not None
    second = at_once(house, first, RESULT).taken
    assert second is not None
    assert second.step.deadline - first.step.deadline < timedelta(seconds=5)


def test_the_database_has_the_functions_that_lie_beside_the_code(house: House) -> None:
    source = "".join(path.read_text() for path in sorted((HERE / "app" / "lifecycle").rglob("*.sql")))
    with house.engine.connect() as connection:
        stored = connection.exec_driver_sql("SELECT prosrc FROM pg_proc WHERE proname LIKE 'stratus\\_%%'").scalars()
        assert all(body in source for body in stored)
