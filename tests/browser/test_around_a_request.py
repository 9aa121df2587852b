"""What stands around a request, in a browser: its price and limits before it is sent, and what is taken along afterwards."""

import csv
import hashlib
import json
import re
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import insert

from app.core.outcomes import Done
from app.models.tables import FORECAST
from tests.browser.visitor import Visitor, examine
from tests.fixtures.house import House, http, item, with_checks
from tests.fixtures.running import RunningPortal

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

LINK = (
    "/order/bundles/full-stack-web-app?bundle.solution_name=takeaway&bundle.enable_ha=true&items.eks_app.app_name=takeaway-api"
    "&items.eks_app.environment=staging&items.eks_app.replicas=3&items.postgres.database_name=takeaway_db&include.redis=on"
)
"""The story's order as a link that fills the form."""
FIELDS = json.dumps(
    [
        {"name": "size", "type": "integer", "required": True, "max_value": 20, "unit": "GB"},
        {"name": "code", "type": "secret", "required": True, "min_length": 4},
        {"name": "config", "type": "file", "accept": ["application/json"]},
        {"name": "helper", "type": "user"},
    ]
)
MORE = """
approval: [{when: price > 50, by: {team: platform-data-team}, reason: Large disks are planned with the data team.}]
cost: {lines: [{label: Storage, price: 10, each: size}]}
quota: {storage: "{{ size }}"}
outputs: {address: {value: "disk.example.com"}, password: {value: "{{ steps.make.outputs.password }}", sensitive: true}}
"""
YIELDS = "{password: {type: string, sensitive: true}}"
SMALL = "{name: small_enough, type: expression, when: size < 15, message: Ask for more}"
OFTEN = {"kind": "item", "name": "disk", "runs": 24, "usual": 240.0, "late": 600.0, "helped": 3, "wait": 7200.0}


def download(page: Page, name: str, role: str = "link") -> Path:
    """The file that a press of this brings."""
    with page.expect_download() as coming:
        page.get_by_role(role, name=name, exact=True).click()
    return Path(coming.value.path())


def copied(page: Page, name: str) -> str:
    """What stands in the clipboard after a press of the button beside that output."""
    page.get_by_role("button", name=f"Copy {name}").first.click()
    return str(page.evaluate("navigator.clipboard.readText()"))


def test_what_an_order_gave_is_taken_along(visit: Callable[..., Visitor], running_portal: RunningPortal):
    sarah = visit("sarah-123").sign_in(LINK)
    page = sarah.page
    sarah.press("Review order")
    expect(page.locator("#summary")).to_contain_text("EKS app, 3 replicas")
    sarah.press("Send request")
    sarah.sees("takeaway is ready")
    request_id = page.url.rsplit("/", 1)[-1]

    sarah.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"/requests/{request_id}/outputs")
    given = json.loads(download(page, "Download JSON").read_text())["outputs"]
    assert given["postgres"]["connection_string"].endswith("/takeaway_db")
    assert copied(page, "connection_string") == given["postgres"]["connection_string"]
    line = f"POSTGRES_CONNECTION_STRING='{given['postgres']['connection_string']}'"
    assert line in download(page, "Download .env").read_text().splitlines()

    page.goto(f"/requests/{request_id}/receipt")
    call = {"Authorization": f"Bearer {running_portal.token('sarah-123')}"}
    address = f"{running_portal.url}/api/v1/requests/{request_id}/receipt"
    receipt = json.load(urllib.request.urlopen(urllib.request.Request(address, headers=call)))
    told = receipt.pop("digest")
    text = json.dumps(receipt, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert told == "sha256:" + hashlib.sha256(text.encode()).hexdigest()
    expect(page.locator("section:has(#digest)")).to_contain_text(told)
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
    page.emulate_media(media="screen")

    page.goto("/requests?view=team")
    page.get_by_label("Search titles and ids").fill("takeaway")
    page.get_by_label("State", exact=True).select_option("completed")
    sarah.press("Filter", exact=True)
    expect(page).to_have_url(re.compile("(?=.*view=team)(?=.*q=takeaway)(?=.*status=completed)"))
    rows = list(csv.DictReader(download(page, "Export CSV").read_text("utf-8-sig").splitlines()))
    assert [row["request_id"] for row in rows] == [request_id]
    page.get_by_role("button", name="Copy link to this list").click()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(running_portal.url)
    assert "q=takeaway" in link
    sarah.press("Words: takeaway")
    expect(page).to_have_url(re.compile("^(?!.*q=takeaway).*status=completed"))
    page.goto(link)
    sarah.press("Order again: takeaway")
    expect(page.get_by_label("Database name")).to_have_value("takeaway_db")


@pytest.fixture
def offered(house: House) -> House:
    """A disk with everything: a secret, a file, a person, a price, a quota, approval, a check, a secret output, a past."""
    (house.folder / "quotas.yaml").write_text("default: {storage: 30}")
    document = item(http("make", outputs=YIELDS), fields=FIELDS, extra=MORE, name="Disk")
    house.offer(disk=with_checks(document, preflight=SMALL))
    with house.engine.begin() as connection:
        connection.execute(insert(FORECAST).values(**OFTEN, steps={}, kept=[]))
    return house


def small(house: House) -> str:
    """An order that needs nobody's agreement."""
    return house.order({"catalog_item": "disk", "parameters": {"size": 3, "code": "open sesame"}}).request_id


def test_what_an_order_takes_is_seen_before_and_after_it_is_sent(offered: House, visit_house: Callable[[str], Page]):
    sarah = visit_house("sarah-123")
    sarah.goto("/catalog/items/disk")
    expect(sarah.locator("main")).to_contain_text("In 1 of 8 runs, for 2 h")
    examine(sarah)
    sarah.goto("/order/items/disk")
    sarah.fill("[name='item.size']", "9")
    sarah.fill("[name='item.code']", "open sesame")
    sarah.set_input_files("[name='item.config']", {"name": "c.json", "mimeType": "text/plain", "buffer": b'{"a": 1}'})
    sarah.select_option("[name='item.helper']", label="Sarah")
    sarah.click("button:has-text('Review order'):visible")

    panel = sarah.locator("#summary")
    for said in ("$90.00", "0 + 9 of 30", "platform-data-team", "Usually 4 min"):
        expect(panel).to_contain_text(said)
    expect(sarah.locator("main")).to_contain_text("c.json")
    assert "open sesame" not in sarah.content()
    examine(sarah)
    sarah.click("button:has-text('Send request'):visible")
    expect(sarah.locator("#standing")).to_have_text("Disk waits for approval")
    expect(sarah.locator("main")).to_contain_text("Waiting on")
    sarah.goto("/quotas")
    expect(sarah.get_by_role("row").filter(has_text="storage")).to_contain_text("9")


def test_a_running_request_stands_against_what_is_usual_and_hides_its_secrets_until_asked(
    offered: House, visit_house: Callable[[str], Page]
):
    request_id = small(offered)
    sarah = visit_house("sarah-123")
    sarah.goto(f"/requests/{request_id}")
    expect(sarah.locator("main")).to_contain_text("usually 4 min")
    examine(sarah)
    offered.finish(Done({}))
    offered.finish(Done({"password": "hunter2"}, frozenset({"password"})))
    sarah.goto(f"/requests/{request_id}/outputs")
    assert download(sarah, "Download .env").read_text().endswith("# PASSWORD is sensitive: ask for it to be revealed\n")
    sarah.get_by_role("button", name="Reveal password").click()
    expect(sarah.locator("#outputs")).to_contain_text("hunter2")
    examine(sarah)
    assert "PASSWORD='hunter2'" in download(sarah, "Download .env with secrets", "button").read_text()

    carol = visit_house("carol-789")
    carol.goto(f"/requests/{request_id}/outputs")
    expect(carol.locator("#outputs")).to_contain_text("secret, hidden")
    expect(carol.get_by_role("button", name="Reveal password")).to_have_count(0)
