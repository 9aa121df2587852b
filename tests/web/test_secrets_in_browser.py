"""Secrets and files in a real browser: typed, made and chosen, corrected, reviewed, sent, and masked on every page."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from app.core.secrecy import MASK
from app.lifecycle.engine.scopes import Scopes
from app.models.tables import REQUEST, UPLOAD
from tests.browser.visitor import examine
from tests.fixtures.house import House, http, item

pytestmark = pytest.mark.browser

CANARY = "canary-4711"
DOTS = "•" * 8
CONFIG = b'{"level": "info"}'
FIELDS = (
    "[{name: size, type: integer, required: true}, {name: password, type: secret, required: true, min_length: 8},"
    " {name: made, type: secret, generate: {length: 24}}, {name: config, type: file, required: true, accept: [text/plain]}]"
)


def test_a_secret_and_a_file_are_kept_over_a_mistake_and_shown_on_no_page(
    house: House, visit_house: Callable[[str], Page]
) -> None:
    house.offer(single=item(http("make"), fields=FIELDS, name="Vault"))
    sarah = visit_house("sarah-123")
    sarah.goto("/order/items/single")
    sarah.fill("[name='item.size']", "many")
    sarah.fill("[name='item.password']", CANARY)
    sarah.set_input_files("[name='item.config']", {"name": "config.json", "mimeType": "text/plain", "buffer": CONFIG})

    sarah.click("button:has-text('Review order'):visible")
    expect(sarah.locator(".field:has([name='item.size'])")).to_contain_text("whole number")
    expect(sarah.locator(".field:has(#item-config)")).to_contain_text("config.json, 17 bytes")
    assert CANARY not in sarah.content()
    assert sarah.input_value("[name='item.password']") == MASK
    examine(sarah)

    sarah.fill("[name='item.size']", "3")
    sarah.click("button:has-text('Review order'):visible")
    expect(sarah.locator("button[value=send]:visible")).to_be_visible()
    expect(sarah.locator("main")).to_contain_text("config.json, 17 bytes")
    expect(sarah.locator("main")).to_contain_text(DOTS)
    assert CANARY not in sarah.content()
    examine(sarah)

    sarah.click("button[value=send]:visible")
    sarah.wait_for_url("**/requests/req-*")
    expect(sarah.locator("main")).to_contain_text("config.json")
    [request] = house.rows(select(REQUEST))
    with house.engine.connect() as connection:
        values = Scopes(connection, request, house.vault).of("single")["parameters"]
    assert (values["password"], len(values["made"])) == (CANARY, 24)
    assert CANARY not in sarah.content()
    assert values["made"] not in sarah.content()
    examine(sarah)
    [kept] = house.rows(select(UPLOAD.c.sha256))
    assert b"".join(house.files.read(kept.sha256)) == CONFIG
