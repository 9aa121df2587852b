"""Fields of several controls in a real browser: rows of lists, editors of JSON, choices that hang on other answers."""

import json

import pytest
from axe_playwright_python.sync_playwright import Axe

from app.catalog.options import Options
from app.outbound import Outbound
from tests.fixtures.house import http, item
from tests.steps.scripted import Answer, scripted

pytestmark = pytest.mark.browser

RULES = {"type": "object", "fields": [{"name": "port", "type": "int", "default": 80}, {"name": "note", "type": "string"}]}
FIELDS = [
    {"name": "region", "type": "selection", "oneof": ["north", "south"], "required": True},
    {"name": "rules", "type": "list", "max_items": 3, "help_text": "Which traffic is let in", "of": RULES},
    {"name": "tags", "type": "list", "of": {"type": "string"}},
    {"name": "settings", "type": "json", "schema": {"required": ["level"], "properties": {"level": {"enum": ["info"]}}}},
]
PORTS = "input[name^='item.rules.'][name$='.port']"


@pytest.fixture
def form(browsable, house, visit_house):
    """The order form of an item with all of these fields, before sarah, on a phone."""
    browsable.extensions["options"] = Options(Outbound(["127.0.0.1"], allow_loopback=True))
    page = visit_house("sarah-123")
    page.set_viewport_size({"width": 390, "height": 900})
    with scripted(Answer(body=["n-1", "n-2"])) as source:
        spec = {"url": f"{source.url}/{{{{ region }}}}", "depends_on": ["region"]}
        cluster = {"name": "cluster", "type": "selection", "options_from": spec}
        house.offer(make=item(http("make"), fields=json.dumps([*FIELDS, cluster])))
        page.goto("/order/items/make")
        yield page


def test_rows_come_and_go_by_key_and_what_was_typed_is_ordered(form):
    assert form.locator(PORTS).count() == 1
    form.fill(PORTS, "443")
    for count in (2, 3):
        form.get_by_role("button", name="Add another to Rules").press("Enter")
        assert form.locator(PORTS).count() == count
    assert form.evaluate("document.activeElement.name") == "item.rules.2.port"
    assert form.get_by_role("button", name="Add another to Rules").is_disabled()
    form.fill("[name='item.rules.2.port']", "8080")
    form.get_by_role("button", name="Remove Rules 2").press("Enter")
    assert form.evaluate("document.activeElement.name") == "item.rules.2.port"
    assert [box.input_value() for box in form.locator(PORTS).all()] == ["443", "8080"]
    form.fill("[name='item.tags.0']", "blue")
    form.click("label:has-text('north')")
    form.click("button:has-text('Review order'):visible")
    form.wait_for_selector("button[value=send]", state="attached")
    assert "Port 443; Port 8080" in form.inner_text("main")
    assert Axe().run(form).response["violations"] == []


def test_json_is_judged_while_it_is_typed(form):
    live = form.locator("#item-settings-live")
    form.fill("[name='item.settings']", '{\n  "level" "info"}')
    live.get_by_text("Settings is no JSON: look at line 2").wait_for()
    form.fill("[name='item.settings']", '{"level": "loud"}')
    live.get_by_text("Settings at level must be one of info.").wait_for()
    assert Axe().run(form).response["violations"] == []
    form.fill("[name='item.settings']", '{"level": "info"}')
    form.wait_for_selector("#item-settings-live:empty", state="attached")


def test_what_is_wrong_is_said_when_a_field_is_left_and_taken_back_when_it_is_right(form):
    form.fill(PORTS, "many")
    form.press(PORTS, "Tab")
    form.get_by_text("Port must be a whole number").wait_for()
    assert form.get_attribute(PORTS, "aria-invalid") == "true"
    assert Axe().run(form).response["violations"] == []
    form.fill(PORTS, "443")
    form.wait_for_selector(f"{PORTS}:not([aria-invalid])")
    assert "whole number" not in form.inner_text("form.cols")


def test_choices_come_with_the_answer_that_they_hang_on(form):
    assert "Choose Region first" in form.inner_text("#item-cluster-help")
    form.click("label:has-text('south')")
    form.wait_for_selector("#item-cluster-help:not(:has-text('first'))", state="attached")
    cluster = form.locator("#item-cluster")
    cluster.press("ArrowDown")
    form.wait_for_selector("#item-cluster[aria-activedescendant='item-cluster-list-0']")
    assert form.inner_text(".searched [role=status]") == "2 of 2"
    assert Axe().run(form).response["violations"] == []
    cluster.press("Escape")
    assert (cluster.get_attribute("aria-expanded"), form.is_visible("#item-cluster-list")) == ("false", False)
    cluster.press_sequentially("-2")
    form.wait_for_selector("#item-cluster-list li:only-child")
    cluster.press("ArrowDown")
    cluster.press("Enter")
    assert (cluster.input_value(), cluster.get_attribute("aria-expanded")) == ("n-2", "false")


ASKED = [
    {"name": "tls", "type": "boolean"},
    {"name": "certificate", "type": "string", "visible_when": "tls", "required": True},
    {"name": "kind", "type": "selection", "oneof": ["open", "closed"], "conditional": {"field": "tls", "value": False}},
    {"name": "note", "type": "string"},
]


def test_rows_ask_by_their_own_answers_and_whoever_stands_in_a_question_that_goes_is_put_before_the_next(
    browsable, house, visit_house
):
    rows = {"name": "ports", "type": "list", "of": {"type": "object", "fields": ASKED}}
    house.offer(make=item(http("make"), fields=json.dumps([rows])))
    page = visit_house("sarah-123")
    page.goto("/order/items/make")
    certificate, tls = "#item-ports-{}-certificate", "#item-ports-{}-tls"
    assert not page.is_visible(certificate.format(0))
    page.get_by_role("button", name="Add another to Ports").press("Enter")
    assert not page.is_visible(certificate.format(1))
    page.press(tls.format(1), "Space")
    page.wait_for_selector(certificate.format(1))
    assert not page.is_visible(certificate.format(0))
    page.evaluate(
        "document.querySelector('#item-ports-1-tls').click(); document.querySelector('#item-ports-1-certificate').focus()"
    )
    page.wait_for_selector(certificate.format(1), state="hidden")
    assert page.evaluate("document.activeElement.name") == "item.ports.1.kind"


EVERY = [
    {"name": "name", "type": "string", "required": True},
    {"name": "notes", "type": "textarea"},
    {"name": "size", "type": "integer", "min_value": 1, "max_value": 9, "unit": "GB"},
    {"name": "share", "type": "percentage"},
    {"name": "price", "type": "number"},
    {"name": "ha", "type": "boolean"},
    {"name": "day", "type": "date"},
    {"name": "moment", "type": "datetime"},
    {"name": "hour", "type": "time"},
    {"name": "env", "type": "selection", "oneof": ["dev", "prod"], "required": True},
    {
        "name": "tier",
        "type": "selection",
        "oneof": [{"value": "a", "help": "One"}, {"value": "b", "help": "Two"}],
        "required": True,
    },
    {"name": "zone", "type": "selection", "oneof": [f"z{n}" for n in range(12)]},
    {"name": "free", "type": "selection", "oneof": ["one", "two"], "allow_custom": True},
    {"name": "cluster", "type": "selection"},
    {"name": "marks", "type": "multiselect", "options": ["m1", "m2", "m3"]},
    {"name": "nets", "type": "multiselect"},
    {"name": "password", "type": "secret"},
    {"name": "config", "type": "file"},
    {"name": "settings", "type": "json"},
    {"name": "tags", "type": "list", "of": {"type": "string"}},
    {"name": "rules", "type": "list", "of": {"type": "object", "fields": [{"name": "port", "type": "integer"}]}},
    {"name": "login", "type": "object", "fields": [{"name": "user", "type": "string"}, {"name": "pin", "type": "secret"}]},
    {"name": "unit", "type": "team"},
    {"name": "owner", "type": "user"},
    {"name": "more", "type": "string", "group": "extra"},
]
WHERE = """() => {
  const here = document.activeElement, dock = document.querySelector(".dock");
  const mine = here.getBoundingClientRect(), its = dock.getBoundingClientRect();
  const ringed = [here, here.closest("label")].some((one) => one && getComputedStyle(one).outlineStyle === "solid");
  const covered = !dock.contains(here) && mine.bottom > its.top && mine.top < its.bottom && mine.height < 300;
  return {is: here.name || here.id || here.textContent.trim(), ringed, covered};
}"""
"""Where the focus is, whether it is seen, and whether the buttons that stay at the bottom of narrow pages lie over it."""


def test_every_type_of_field_is_reached_and_filled_in_with_the_keys_alone(browsable, house, visit_house):
    browsable.extensions["options"] = Options(Outbound(["127.0.0.1"], allow_loopback=True))
    page = visit_house("sarah-123")
    page.set_viewport_size({"width": 390, "height": 900})
    keys = page.keyboard
    with scripted(Answer(body=[f"net-{number}" for number in range(3_204)])) as source:
        fields = [{**one, "options_from": {"url": source.url}} if one["name"] in ("cluster", "nets") else one for one in EVERY]
        document = item(http("make"), fields=json.dumps(fields))
        groups = "groups: [{name: extra, title: Extra, collapsed: true}], fields:"
        house.offer(make=document.replace("presentation: {fields:", f"presentation: {{{groups}"))
        page.goto("/order/items/make")
        page.focus("main h1, main")
        typed = {"item.name": "portal", "item.cluster": "3203", "item-nets-search": "3202", "item.tags.0": "blue"}
        reached, here = set(), {"is": ""}
        while here["is"] != "API reference":
            keys.press("Tab")
            here = page.evaluate(WHERE)
            assert (here["ringed"], here["covered"]) == (True, False), here
            name = here["is"]
            if name in reached:
                continue
            reached.add(name)
            if name in typed:
                keys.type(typed[name])
            if name in ("item.cluster", "item-nets-search"):
                page.wait_for_selector(".choices:not([hidden]) li:only-child")
                keys.press("ArrowDown")
                keys.press("Enter")
            elif name in ("item.ha", "item.marks", "item.env", "item.tier"):
                keys.press("Space")
            elif name == "Extra":
                keys.press("Enter")
        missing = [one["name"] for one in EVERY if not any(f"{name}.".startswith(f"item.{one['name']}.") for name in reached)]
        assert missing == []
        page.focus("#item-more")
        keys.press("Enter")
        page.wait_for_selector("button[value=send]", state="attached")
    told = page.inner_text("main")
    assert all(words in told for words in ("portal", "net-3203", "net-3202", "m1", "blue", "dev"))
