"""Batches of the same things in another order wait for each other, and never in a circle: two real connections each time.

A gate holds both of them up after their first row, where each would have what the other one wants next.
"""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

from sqlalchemy import func, select, text

from app.lifecycle.batches import sending
from app.lifecycle.caller import Caller
from app.lifecycle.orders.submit import submit
from app.models.tables import QUOTA_COUNTER, REQUEST
from tests.fixtures.house import House, http, item

WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
NAME = "[{name: name, type: string, unique: {within: all}}]"
Rows = Sequence[tuple[str, dict[str, Any]]]


def send(house: House, caller: Caller, rows: Rows) -> None:
    """Send rows of `(key, order)`, each for itself."""
    made = [sending.BatchRow(key=key, order=order) for key, order in rows]
    with house.unit() as unit:
        sending.send(unit, caller, sending.Batch(mode="row_by_row", rows=made))


@contextmanager
def closed(house: House) -> Iterator[None]:
    """Nobody stores a request as long as this is open."""
    with house.engine.begin() as connection:
        connection.execute(text("LOCK TABLE service_requests IN SHARE MODE"))
        yield


@contextmanager
def ordering(house: House, caller: Caller, key: str, order: dict[str, Any]) -> Iterator[None]:
    """An order that is taken back again once this ends."""
    with suppress(InterruptedError), house.unit() as unit:
        submit(unit, caller, order, key)
        yield
        raise InterruptedError


def race(house: House, gate: Any, first: tuple[Caller, Rows], second: tuple[Caller, Rows]) -> int:
    """Send two batches at once, whose first rows are through before the gate opens; how many requests came of them."""
    with ThreadPoolExecutor(2) as pool:
        with gate:
            racers = [pool.submit(send, house, *first), pool.submit(send, house, *second)]
            until = time.monotonic() + 20
            while house.rows(WAITING)[0][0] < 2:
                assert time.monotonic() < until, [racer.exception(0) for racer in racers if racer.done()]
                time.sleep(0.01)
        for racer in racers:
            racer.result()
    return int(house.rows(select(func.count()).select_from(REQUEST))[0][0])


def rows(orders: Sequence[dict[str, Any]], prefix: str) -> Rows:
    return [(f"{prefix}{number}", order) for number, order in enumerate(orders)]


def test_turns_of_items(house: House) -> None:
    house.offer(**{name: item(http("make"), extra="limits: {concurrent: 1}") for name in ("one", "two")})
    orders = [{"catalog_item": "one"}, {"catalog_item": "two"}]
    sarah, bob = house.caller("sarah-123"), house.caller("bob-456")
    assert race(house, closed(house), (sarah, rows(orders, "s")), (bob, rows(orders[::-1], "b"))) == 4


def test_quotas_of_teams(house: House) -> None:
    (house.folder / "quotas.yaml").write_text("default: {services: 100}")
    house.offer(one=item(http("make")))
    teams = frozenset({"customer-experience", "growth"})
    two = [
        replace(caller, person=replace(caller.person, teams=teams)) for caller in map(house.caller, ("sarah-123", "bob-456"))
    ]
    orders = [{"catalog_item": "one", "requester": {"team": team}} for team in sorted(teams)]
    assert race(house, closed(house), (two[0], rows(orders, "s")), (two[1], rows(orders[::-1], "b"))) == 4
    counted = house.rows(select(QUOTA_COUNTER.c.holder, QUOTA_COUNTER.c.reserved).order_by(QUOTA_COUNTER.c.holder))
    assert [tuple(row) for row in counted] == [("team:customer-experience", 2), ("team:growth", 2)]


def test_answers_that_must_be_unique(house: House) -> None:
    house.offer(one=item(http("make"), fields=NAME))
    first, between, last = ({"catalog_item": "one", "parameters": {"name": name}} for name in ("a", "b", "c"))
    sarah, bob = house.caller("sarah-123"), house.caller("bob-456")
    gate = ordering(house, house.caller("mallory-666"), "gate", between)
    there = race(house, gate, (sarah, rows([first, between, last], "s")), (bob, rows([last, between, first], "b")))
    assert there == 3


def test_keys_of_one_person(house: House) -> None:
    house.offer(one=item(http("make")))
    sarah, order = house.caller("sarah-123"), {"catalog_item": "one"}
    keyed = [(key, order) for key in ("a", "gate", "b")]
    assert race(house, ordering(house, sarah, "gate", order), (sarah, keyed), (sarah, keyed[::-1])) == 3
