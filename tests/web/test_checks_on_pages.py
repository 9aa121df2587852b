"""Checks on the page of a request: each in a line, with what was expected and what was found."""

from collections.abc import Callable

import pytest

from app.core.outcomes import Done, Failed
from tests.fixtures.browser_client import BrowserClient, words
from tests.fixtures.house import House, http, item, with_checks

SignedIn = Callable[[str], BrowserClient]
SAW = {"expected": "2xx", "actual": 503, "looks": 1}


@pytest.fixture
def checked(house: House) -> str:
    """The id of an order with one preflight, one step and one health check."""
    preflight = "{name: vault_answers, title: Vault, type: http, url: 'https://vault.example.com/health'}"
    health = "{name: it_listens, title: Cache, type: tcp, host: cache.example.com, port: 6379}"
    house.offer(cache=with_checks(item(http("make", title="Make")), preflight, health))
    return house.order("cache").request_id


def test_checks_stand_in_lines_of_their_own_before_and_after(house: House, signed_in: SignedIn, checked: str):
    page = words(signed_in("sarah-123").get(f"/requests/{checked}"))
    assert "Before anything is built Vault HTTP Queued" in page
    assert "After the last step Cache TCP Not yet" in page
    assert "Checking before anything is built: Vault" in page
    assert "0 of 1 done" in page


def test_a_check_that_holds_says_what_was_found(house: House, signed_in: SignedIn, checked: str):
    house.record(house.must_claim(), Done(), checks=[{"name": "Vault", "ok": True, "expected": "2xx", "actual": 200}])
    assert "Vault HTTP As it should be 2xx 200" in words(signed_in("sarah-123").get(f"/requests/{checked}"))


def test_a_check_that_does_not_hold_is_somebodys_move(house: House, signed_in: SignedIn, checked: str):
    house.finish(Failed("The vault is sealed", "check_failed", SAW, retryable=False))
    page = signed_in("carol-789").get(f"/requests/{checked}")
    assert "The check Vault does not hold: the vault is sealed" in words(page)
    assert "Vault HTTP Failed platform-data-team 2xx 503" in words(page)
    assert f'href="/requests/{checked}/steps/check-001/skip"' in page.text


def test_a_check_that_was_left_out_lets_the_request_go_on(house: House, signed_in: SignedIn, checked: str):
    house.finish(Failed("The vault is sealed", "check_failed", SAW, retryable=False))
    carol = signed_in("carol-789")
    carol.send(f"/requests/{checked}/steps/check-001/skip", {"reason": "It is unsealed by hand later"})
    assert "Left out by Carol" in words(carol.get(f"/requests/{checked}"))
    assert house.statuses()["make"] == "ready"
