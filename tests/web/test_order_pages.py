"""Ordering in the browser: the form, what comes back when answers are wrong, the review, and sending it once."""

import html
import json
import re
from io import BytesIO
from textwrap import dedent

import pytest
from sqlalchemy import event, func, select
from werkzeug.datastructures import FileStorage

from app.catalog import offers
from app.core.fields import TYPES
from app.extensions import db
from app.identity import people as identity
from app.models.tables import REQUEST
from tests.fixtures.browser_client import words
from tests.fixtures.house import http, item, with_checks
from tests.story import STORY

STACK = "/order/bundles/full-stack-web-app"
ANSWERS = {
    "version": "2.1.0",
    "bundle.solution_name": "customer-portal",
    "bundle.enable_ha": "on",
    "items.eks_app.app_name": "customer-portal-api",
    "items.eks_app.environment": "staging",
    "items.eks_app.replicas": "3",
    "items.postgres.database_name": "customer_portal_db",
    "items.postgres.instance_class": "db.t3.medium",
    "items.postgres.allocated_storage": "250",
    "items.postgres.backup_retention": "14",
    "include.redis": "on",
    "items.redis.cache_size": "cache.t3.micro",
    "include.monitoring": "on",
}
EVIL = "<script>alert('x')</script>\"'&"


@pytest.fixture
def sarah(synced_catalog, signed_in):
    return signed_in("sarah-123")


def inputs(page):
    """Every hidden input of a page, as the browser would post them."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.text)
    return [(name, html.unescape(value)) for name, value in found if name != "csrf_token"]


def value_of(page, name):
    """What a text input shows."""
    found = re.search(rf'<input class="input" id="[^"]*" name="{re.escape(name)}" type="\w+" value="([^"]*)"', page.text)
    assert found is not None
    return html.unescape(found[1])


def press(browser, page, button):
    """Press a button of the review page."""
    return browser.send(STACK, [*inputs(page), ("do", button)])


def requests_of(app):
    with app.app_context():
        return [dict(row._mapping) for row in db.session.execute(select(REQUEST).order_by(REQUEST.c.created_at))]


# The form


def test_the_form_has_a_section_for_the_bundle_and_each_item(sarah):
    page = sarah.get(STACK)
    assert page.status_code == 200
    headings = re.findall(r'<h2 id="(?:own|part-\w+)">([^<]+)</h2>', page.text)
    titles = ["EKS Container App", "PostgreSQL Database", "Redis Cache", "Application Monitoring"]
    assert headings == ["This solution", *titles]
    assert "<title>Order Full Stack Web Application \N{EN DASH} Stratus</title>" in page.text


def test_the_form_begins_with_the_defaults(sarah):
    page = sarah.get(STACK)
    assert value_of(page, "items.postgres.allocated_storage") == "100"
    assert '<option value="db.t3.small" selected>' in page.text
    assert 'name="include.monitoring" value="on" checked' in page.text
    assert 'name="include.redis" value="on">' in page.text


def test_fixed_parameters_are_shown_and_not_asked(sarah):
    page = sarah.get(STACK)
    assert "App type web-frontend set by this bundle" in words(page)
    assert 'name="items.eks_app.app_type"' not in page.text


def test_whose_only_team_orders_reads_its_name(sarah):
    assert "Team customer-experience owns the result" in words(sarah.get(STACK))


def test_who_is_in_several_teams_chooses_one(synced_catalog, signed_in):
    page = signed_in("erin-321").get(STACK)
    assert re.search(r'<select class="input" id="team" name="team"', page.text)
    assert '<option value="">Choose one</option>' in page.text


def test_an_item_can_be_ordered_alone(sarah):
    page = sarah.get("/order/items/redis-cache")
    assert page.status_code == 200
    assert 'name="item.cache_size"' in page.text


def test_the_form_names_what_runs_at_the_same_time(sarah):
    assert "Plan EKS app, PostgreSQL, Redis (optional), Monitoring (optional) Connections" in words(sarah.get(STACK))


@pytest.mark.parametrize(
    "path", ["bundles/nothing", "items/nothing", "items/full-stack-web-app", "things/redis-cache", "items/a%00b"]
)
def test_what_is_not_in_the_catalog_cannot_be_ordered(sarah, path):
    assert sarah.get(f"/order/{path}").status_code == 404
    assert sarah.send(f"/order/{path}", ANSWERS).status_code == 404


def test_a_version_that_there_is_not_cannot_be_opened(sarah):
    assert sarah.get(f"{STACK}?version=9.9.9").status_code == 404


# Wrong answers


def test_missing_answers_come_back_with_links_to_their_fields(sarah):
    page = sarah.send(STACK, {"version": "2.1.0"})
    assert page.status_code == 422
    assert "<title>Error: order Full Stack Web Application" in page.text
    links = re.findall(r'<li><a href="#([^"]+)">([^<]+)</a>', page.text)
    assert links[0] == ("bundle-solution_name", "This solution: Solution name must be filled in.")
    assert len(links) == 4
    assert all(f'id="{anchor}"' in page.text for anchor, _ in links)


def test_a_wrong_answer_stands_beside_its_field_and_nothing_typed_is_lost(sarah):
    typed = {**ANSWERS, "items.postgres.database_name": "customer-portal-db", "items.postgres.allocated_storage": "lots & lots"}
    page = sarah.send(STACK, typed)
    assert page.status_code == 422
    assert "2 answers need fixing" in words(page)
    shown = {
        name: value_of(page, name)
        for name in typed
        if name in ("items.postgres.database_name", "items.postgres.allocated_storage")
    }
    assert shown == {"items.postgres.database_name": "customer-portal-db", "items.postgres.allocated_storage": "lots & lots"}
    assert re.search(
        r'id="items-postgres-database_name-error"><p class="error">.*Database name may not contain hyphens', page.text
    )
    assert value_of(page, "bundle.solution_name") == "customer-portal"
    assert '<option value="db.t3.medium" selected>' in page.text


def test_switches_and_answers_of_items_that_are_off_are_kept(sarah):
    typed = {name: value for name, value in ANSWERS.items() if not name.startswith("include.")}
    page = sarah.send(STACK, {**typed, "items.redis.cache_size": "cache.t3.small", "bundle.solution_name": ""})
    assert page.status_code == 422
    assert 'name="include.redis" value="on">' in page.text
    assert 'name="include.monitoring" value="on">' in page.text
    assert 'value="cache.t3.small" checked' in page.text


def test_an_item_that_is_off_is_not_judged(sarah):
    typed = {name: value for name, value in ANSWERS.items() if name != "include.redis"}
    assert sarah.send(STACK, {**typed, "items.redis.cache_size": "nonsense"}).status_code == 200


def test_a_long_text_is_refused_and_kept(sarah):
    long = "x" * 5000
    page = sarah.send(STACK, {**ANSWERS, "items.eks_app.app_name": long})
    assert page.status_code == 422
    assert "App name must have at most 50 characters." in words(page)
    assert value_of(page, "items.eks_app.app_name") == long


def test_what_was_typed_is_escaped(sarah):
    page = sarah.send(STACK, {**ANSWERS, "bundle.solution_name": EVIL, "items.postgres.database_name": EVIL})
    assert page.status_code == 422
    assert "<script>alert" not in page.text
    assert value_of(page, "items.postgres.database_name") == EVIL


def test_a_team_of_others_is_refused(synced_catalog, signed_in):
    page = signed_in("erin-321").send(STACK, {**ANSWERS, "team": "growth"})
    assert page.status_code == 422
    assert '<a href="#team">Team is not one of your teams.</a>' in page.text


def test_who_is_in_no_team_is_told_why_nothing_can_be_ordered(app, people, synced_catalog, signed_in, settings):
    browser = signed_in("mallory-666")
    with app.app_context():
        identity.remember(db.session, issuer=settings.oidc_issuer, subject="mallory-666", name="Mallory", email=None, teams=())
        db.session.commit()
    assert "Team none you are in no team" in words(browser.get(STACK))
    assert "You are in no team; somebody must add you to one first." in words(browser.send(STACK, ANSWERS))


def test_fields_that_the_form_does_not_have_are_not_looked_at(sarah):
    odd = {"items.eks_app.app_type": "evil", "bundle.unknown": "x", "status": "completed", "items.nothing.at_all": "x"}
    page = sarah.send(STACK, {**ANSWERS, **odd})
    assert page.status_code == 200
    assert "evil" not in page.text


def test_a_file_in_the_place_of_a_text_is_no_answer(sarah):
    posted = {**ANSWERS, "bundle.solution_name": FileStorage(BytesIO(b"portal"), "portal.txt")}
    assert sarah.send(STACK, posted).status_code == 422


# Review


def test_the_review_shows_every_answer_and_why_fixed_ones_are_so(sarah):
    page = sarah.send(STACK, ANSWERS)
    assert page.status_code == 200
    text = words(page)
    assert "Storage 250 GB Keep backups for 14 days" in text
    assert "yes set by this bundle, from High availability" in text
    assert "App type web-frontend set by this bundle" in text
    assert "customer-portal set by this bundle, from Solution name" in text


def test_the_review_shows_what_will_run_and_who_builds_it(sarah):
    page = sarah.send(STACK, ANSWERS)
    assert 'aria-label="PostgreSQL: Terraform. platform-data-team."' in page.text
    assert "5 steps" in words(page)
    assert "platform-solutions-team Monitoring and Connections" in words(page)


CHECKED = with_checks(
    item(http("make")),
    preflight="{name: vault_answers, type: tcp, host: vault.example.com, port: 8200}",
    health="{name: it_listens, type: tcp, host: cache.example.com, port: 6379}",
)


def test_the_review_shows_what_will_be_checked_apart_from_the_steps(house, people, signed_in):
    house.offer(cache=CHECKED)
    text = words(signed_in("sarah-123").send("/order/items/cache", {}))
    assert "1 step" in text
    assert "What will be checked Before anything is built Vault answers After the last step It listens" in text


def test_the_form_names_no_checks_among_what_will_run(house, people, signed_in):
    house.offer(cache=CHECKED)
    assert "Vault answers" not in words(signed_in("sarah-123").get("/order/items/cache"))


def test_an_item_that_is_off_is_named_and_has_no_step(sarah):
    page = sarah.send(STACK, {name: value for name, value in ANSWERS.items() if name != "include.redis"})
    assert "Redis Cache Optional, 1.1.0 platform-data-team Not included." in words(page)
    assert "4 steps" in words(page)


def test_nothing_is_written_by_the_review(app, sarah):
    sarah.send(STACK, ANSWERS)
    assert requests_of(app) == []


def test_a_step_of_the_picture_leads_to_its_section(sarah):
    page = sarah.send(STACK, ANSWERS)
    anchors = set(re.findall(r'<a href="#((?:part-\w+|own))" class="node', page.text))
    assert anchors == {"part-eks_app", "part-postgres", "part-redis", "part-monitoring", "own"}
    assert all(f'id="{anchor}"' in page.text for anchor in anchors)


def test_answers_can_be_changed_from_the_review(sarah):
    page = press(sarah, sarah.send(STACK, ANSWERS), "change")
    assert page.status_code == 200
    assert value_of(page, "items.eks_app.app_name") == "customer-portal-api"
    assert 'name="include.redis" value="on" checked' in page.text
    assert "need fixing" not in page.text


def test_the_answers_on_the_review_are_escaped(sarah):
    page = sarah.send(STACK, {**ANSWERS, "bundle.solution_name": EVIL})
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert dict(inputs(page))["bundle.solution_name"] == EVIL


# Sending


def test_a_sent_order_leads_to_its_request(app, sarah):
    answer = press(sarah, sarah.send(STACK, ANSWERS), "send")
    assert answer.status_code == 303
    (row,) = requests_of(app)
    assert answer.location == f"/requests/{row['request_id']}"
    assert (row["title"], row["requester_user_id"]) == ("customer-portal", "sarah-123")


def test_the_page_and_the_api_write_the_same_request(app, people, sarah, house):
    press(sarah, sarah.send(STACK, ANSWERS), "send")
    house.order(STORY, "sarah-123")
    by_page, by_api = requests_of(app)
    same = ["bundle_parameters", "item_parameters", "selected", "catalog_version", "requester_team", "title", "owner_teams"]
    assert {key: by_page[key] for key in same} == {key: by_api[key] for key in same}


def test_a_double_click_makes_one_request(app, sarah):
    review = sarah.send(STACK, ANSWERS)
    first, second = press(sarah, review, "send"), press(sarah, review, "send")
    assert first.location == second.location
    assert len(requests_of(app)) == 1


def test_two_reviews_of_the_same_order_are_two_requests(app, sarah):
    for _ in range(2):
        press(sarah, sarah.send(STACK, ANSWERS), "send")
    assert len(requests_of(app)) == 2


@pytest.mark.parametrize("key", ["", "short", "x" * 5000, "é" * 22])
def test_without_a_key_of_ours_the_review_comes_back(app, sarah, key):
    posted = {**dict(inputs(sarah.send(STACK, ANSWERS))), "key": key, "do": "send"}
    page = sarah.send(STACK, posted)
    assert page.status_code == 200
    assert "Send request" in words(page)
    assert requests_of(app) == []


def test_a_fault_that_appears_when_the_order_is_sent_returns_to_the_form(app, sarah):
    posted = {**dict(inputs(sarah.send(STACK, ANSWERS))), "items.eks_app.replicas": "11", "do": "send"}
    page = sarah.send(STACK, posted)
    assert page.status_code == 422
    assert "EKS Container App: Replicas must be at most 10." in words(page)
    assert value_of(page, "items.postgres.database_name") == "customer_portal_db"
    assert requests_of(app) == []


@pytest.fixture
def meanwhile(app, house):
    """Runs something of another connection just before the portal looks for an idempotency key: between look and write."""
    hooks = []

    def at_the_key(act):
        def hear(_connection, _cursor, statement, *_rest):
            if "idempotency_key = " in statement and hooks:
                hooks.clear()
                with house.engine.begin() as connection:
                    act(connection)

        with app.app_context():
            event.listen(db.engine, "before_cursor_execute", hear)
        hooks.append(hear)
        listening.append(hear)

    listening = []
    yield at_the_key
    with app.app_context():
        for hear in listening:
            event.remove(db.engine, "before_cursor_execute", hear)


def test_a_fault_that_only_the_use_case_sees_returns_to_the_form(app, house, people, signed_in, meanwhile):
    house.offer(cache=item(http("make")))
    browser = signed_in("sarah-123")
    review = browser.send("/order/items/cache", {})
    meanwhile(lambda connection: connection.execute(offers.VERSION.update().values(active=False)))
    page = browser.send("/order/items/cache", [*inputs(review), ("do", "send")])
    assert page.status_code == 422
    assert "Version does not exist" in words(page)
    assert requests_of(app) == []


def test_nobody_sends_without_signing_in(app, synced_catalog, client):
    assert client.get(STACK).location.startswith("/sign-in?next=")
    assert client.post(STACK, data=ANSWERS).status_code in (400, 401)
    assert requests_of(app) == []


def test_a_form_of_another_site_is_refused(app, sarah):
    assert sarah.post(STACK, data=ANSWERS).status_code == 400
    assert sarah.send(STACK, ANSWERS, headers={"Origin": "https://evil.example.com"}).status_code == 400


# While the catalog moves on

PART = """
name: Part
version: "{version}"
description: "For tests"
owner: platform-data-team
presentation: {{fields: [{{name: size, type: integer, max_value: {most}, default: 1}}]}}
fulfillment:
  manual: {{system: internal, template: {{title: "By hand"}}}}
"""
WHOLE = """
name: Whole
version: "{version}"
description: "For tests"
owner: platform-solutions-team
bundle:
  required_items: [{{catalog_item: part, version: "{range}", as: part}}]
"""


@pytest.fixture
def moving(house, people, signed_in):
    """A bundle of one item; `moving(part="2.0.0")` changes it. Answers Sarah's browser."""

    def sync(part="1.0.0", most=10, whole="1.0.0", wanted=">=1.0.0"):
        house.offer(part=PART.format(version=part, most=most), whole=WHOLE.format(version=whole, range=wanted))

    sync()
    sync.browser = signed_in("sarah-123")
    return sync


def test_a_newer_item_is_shown_before_the_order_is_sent(app, moving):
    review = moving.browser.send("/order/bundles/whole", {})
    moving(part="1.1.0")
    again = moving.browser.send("/order/bundles/whole", [*inputs(review), ("do", "send")])
    assert again.status_code == 200
    assert "Part: there is another version now." in words(again)
    assert moving.browser.send("/order/bundles/whole", [*inputs(again), ("do", "send")]).status_code == 303
    assert len(requests_of(app)) == 1


def test_a_rule_that_became_stricter_returns_to_the_form(moving):
    review = moving.browser.send("/order/bundles/whole", {"items.part.size": "9"})
    assert review.status_code == 200
    moving(part="1.1.0", most=5)
    page = moving.browser.send("/order/bundles/whole", [*inputs(review), ("do", "send")])
    assert page.status_code == 422
    assert "Part: Size must be at most 5." in words(page)


def test_an_order_keeps_the_version_of_the_bundle_that_was_open(app, moving):
    review = moving.browser.send("/order/bundles/whole", {"version": "1.0.0"})
    moving(whole="1.1.0")
    assert moving.browser.send("/order/bundles/whole", [*inputs(review), ("do", "send")]).status_code == 303
    assert requests_of(app)[0]["catalog_version"] == "1.0.0"


def test_a_version_that_is_gone_is_told_and_the_form_goes_on_with_the_current_one(moving):
    page = moving.browser.send("/order/bundles/whole", {"version": "0.9.0", "items.part.size": "7"})
    assert page.status_code == 422
    assert "Version does not exist; there is 1.0.0." in words(page)
    assert value_of(page, "items.part.size") == "7"
    assert ("version", "1.0.0") in inputs(page)


def test_a_bundle_of_which_no_item_fits_says_so(house, moving):
    with house.engine.begin() as connection:
        connection.execute(offers.VERSION.update().where(offers.VERSION.c.name == "part").values(active=False))
    page = moving.browser.get("/order/bundles/whole")
    assert page.status_code == 409
    assert "No active version of part fits >=1.0.0." in words(page)


# Every type, and what is not always asked

EVERY = """
[{name: word, type: string, default: a}, {name: prose, type: textarea}, {name: count, type: int},
 {name: ratio, type: number}, {name: share, type: percentage}, {name: flag, type: boolean},
 {name: day, type: date}, {name: moment, type: datetime, timezone: Europe/Berlin}, {name: hour, type: time},
 {name: one, type: selection, oneof: [a, b]}, {name: some, type: multiselect, options: [a, b, c]},
 {name: rules, type: list, of: {type: object, fields: [{name: port, type: int, default: 80}, {name: tls, type: boolean}]}},
 {name: place, type: object, fields: [{name: city, type: string}, {name: tags, type: list, of: {type: string}}]},
 {name: extra, type: json, schema: {type: object}}, {name: payer, type: team}, {name: contact, type: user},
 {name: why, type: string, required: true, title: Why, visible_when: flag}]
"""


@pytest.fixture
def every(house, people, signed_in):
    """Sarah in front of an item with a field of each type."""
    house.offer(every=item(http("make"), fields=" ".join(EVERY.split()), name="Every"))
    return signed_in("sarah-123")


def test_every_type_of_field_goes_through_the_form(app, every):
    answers = [
        *(("item.word", "b"), ("item.prose", "one\r\ntwo"), ("item.count", "3"), ("item.ratio", "0.5"), ("item.share", "50")),
        *(("item.day", "2025-08-16"), ("item.moment", "2025-08-16T10:30"), ("item.hour", "10:30")),
        *(("item.one", "a"), ("item.some", "a"), ("item.some", "c"), ("item.extra", '{"a": [1]}')),
        *(("item.rules.0.port", "80"), ("row:item.rules", "1"), ("item.rules.1.port", "443"), ("item.rules.1.tls", "on")),
        *(("item.place.city", "Ulm"), ("item.place.tags.0", "x"), ("item.payer", "customer-experience")),
        ("item.contact", "sarah-123"),
    ]
    review = every.send("/order/items/every", answers)
    assert review.status_code == 200
    assert every.send("/order/items/every", [*inputs(review), ("do", "send")]).status_code == 303
    stored = json.loads(json.dumps(next(iter(requests_of(app)[0]["item_parameters"].values()))))
    expected = {"word": "b", "prose": "one\ntwo", "count": 3, "ratio": 0.5, "share": 50, "flag": False, "day": "2025-08-16"}
    expected |= {"moment": "2025-08-16T10:30:00+02:00", "hour": "10:30", "one": "a", "some": ["a", "c"], "why": None}
    expected |= {"rules": [{"port": 443, "tls": True}], "place": {"city": "Ulm", "tags": ["x"]}, "extra": {"a": [1]}}
    expected |= {"payer": "customer-experience", "contact": "sarah-123"}
    assert stored == expected
    assert {field["type"] for field in _fields(app)} == set(TYPES) - {"secret", "file"}


def test_people_are_stored_by_their_id_and_shown_by_their_name(every):
    review = every.send("/order/items/every", {"item.contact": "bob-456"})
    assert "Contact Bob" in words(review)
    made = every.send("/order/items/every", [*inputs(review), ("do", "send")])
    assert "Contact Bob" in words(every.get(made.headers["Location"]))


def test_the_form_offers_the_members_of_the_team_that_orders(every):
    page = every.get("/order/items/every")
    assert '<option value="bob-456">Bob</option>' in page.text
    assert "mallory-666" not in page.text


def test_without_script_a_button_adds_a_row_and_a_box_takes_one_away(every):
    page = every.send("/order/items/every", {"do": "add:item.rules", "item.rules.0.port": "443"})
    assert page.status_code == 200
    assert 'name="item.rules.1.port"' in page.text
    page = every.send("/order/items/every", {"do": "again", "item.rules.0.port": "443", "remove:item.rules": "0"})
    assert 'value="443"' not in page.text


def _fields(app):
    with app.app_context():
        return offers.current(db.session.connection(), "item", "every").fields


def test_without_script_a_field_that_is_not_always_asked_is_there_and_says_when(every):
    page = every.get("/order/items/every")
    assert 'name="item.why"' in page.text
    assert "Only when Flag is yes" in words(page)
    assert 'data-conditional="item-why" data-not-asked="item-why"' in page.text


def test_a_needless_answer_is_dropped_and_not_listed(app, every):
    review = every.send("/order/items/every", {"item.why": "no reason"})
    assert review.status_code == 200
    assert "Why" not in words(review)


def test_a_field_that_the_answers_raise_is_required(every):
    page = every.send("/order/items/every", {"item.flag": "on"})
    assert page.status_code == 422
    assert "Why must be filled in." in words(page)


def test_the_script_is_told_which_fields_are_not_asked(every):
    assert every.send("/order/items/every", {"do": "ask"}).json["hidden"] == ["item-why"]
    assert every.send("/order/items/every", {"do": "ask", "item.flag": "on"}).json["hidden"] == []


def test_the_script_is_told_what_is_wrong_with_answers_and_of_none_that_is_missing(house, people, signed_in):
    house.offer(
        safe=item(
            http("make"),
            fields="[{name: size, type: int, max_value: 9, required: true}, {name: word, type: string, required: true}]",
        )
    )
    told = signed_in("sarah-123").send("/order/items/safe", {"do": "ask", "item.size": "10", "item.word": " "}).json
    assert told["wrong"] == {"item-size": ["Size must be at most 9."]}


def test_a_browser_keeps_nothing_that_is_sensitive(house, people, signed_in):
    house.offer(safe=item(http("make"), fields="[{name: word, type: string, sensitive: true}, {name: plain, type: string}]"))
    assert 'data-kept-for="sarah-123" data-unkept="item.word"' in signed_in("sarah-123").get("/order/items/safe").text


@pytest.mark.parametrize(
    "nonsense", ["", " ", "\x00", "\ud7ff", "9" * 400, "-1", "1e999", "NaN", "٣", "<b>", "' OR 1=1", "{{ 7*7 }}", "\n"]
)
def test_no_nonsense_takes_the_form_down(every, nonsense):
    typed = {
        f"item.{field}": nonsense
        for field in ("word", "prose", "count", "ratio", "share", "day", "moment", "hour", "one", "some")
    }
    page = every.send("/order/items/every", {**typed, "item.flag": nonsense, "item.why": nonsense})
    assert page.status_code in (200, 422)
    assert "49" not in words(page)
    assert "<b>" not in page.text.replace("<b>Mallory", "").replace("<b>Sarah", "")


# What documents say

SAID = json.dumps(EVIL)
HOSTILE = f"""
name: {SAID}
version: "1.0.0"
description: {SAID}
owner: platform-data-team
presentation:
  groups: [{{name: more, title: {SAID}, description: {SAID}}}]
  fields:
    - {{name: a, type: string, title: {SAID}, help_text: {SAID}, placeholder: {SAID}, default: {SAID}}}
    - {{name: b, type: selection, oneof: [{{value: {SAID}, label: {SAID}, help: {SAID}}}], required: true}}
    - {{name: c, type: integer, unit: "<script>alert(2)</script>", group: more}}
    - {{name: d, type: string, visible_when: "a == '<script>alert(1)</script>'"}}
outputs: {{x: {{value: 1, description: {SAID}}}}}
docs: {SAID}
fulfillment:
  manual: {{system: internal, template: {{title: {SAID}}}}}
"""


def test_everything_that_a_document_says_is_escaped(house, people, signed_in):
    house.offer(hostile=dedent(HOSTILE))
    browser = signed_in("sarah-123")
    pages = [browser.get(path) for path in ("/", "/catalog", "/catalog/items/hostile", "/order/items/hostile")]
    pages.append(browser.send("/order/items/hostile", {}))
    pages.append(browser.send("/order/items/hostile", {"item.b": EVIL}))
    assert [page.status_code for page in pages] == [200, 200, 200, 200, 422, 200]
    assert not any("<script>alert" in page.text for page in pages)


def test_counts_nothing_twice(app, sarah):
    """A page of an order reads; only sending writes."""
    before = _written(app)
    sarah.get(STACK)
    sarah.send(STACK, ANSWERS)
    sarah.send(STACK, {})
    assert _written(app) == before


def _written(app):
    with app.app_context():
        return [db.session.scalar(select(func.count()).select_from(table)) for table in db.metadata.sorted_tables]
