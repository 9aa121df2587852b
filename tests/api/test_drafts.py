"""Drafts and templates over the API: kept, read, changed as they were read, shared, sent."""

from datetime import datetime, timedelta

import pytest

from tests.fixtures.house import http, item
from tests.story import STORY

DRAFTS, TEMPLATES = "/api/v1/drafts", "/api/v1/templates"
FIELDS = (
    "[{name: name, type: string, required: true}, {name: size, type: integer, default: 1, max_value: 9},"
    " {name: word, type: string, sensitive: true, required: true}]"
)
ORDER = {"catalog_item": "cache", "parameters": {"name": "portal", "word": "hunter2"}}


@pytest.fixture
def cache(house, people):
    house.offer(cache=item(http("make"), fields=FIELDS, name="Cache"))
    return house


def test_a_draft_is_kept_without_its_secrets_and_tells_where_they_belong(cache, sarah):
    made = sarah.post(DRAFTS, json={"order": ORDER})
    assert made.status_code == 201
    assert made.headers["Location"] == made.json["href"]
    assert made.json["order"] == {"catalog_item": "cache", "parameters": {"name": "portal"}, "version": "1.0.0"}
    assert made.json["left_out"] == ["/parameters/word"]
    assert (made.json["title"], made.json["revision"], made.json["owner"]) == ("portal", 1, "sarah-123")
    until = datetime.fromisoformat(made.json["kept_until"])
    assert until - datetime.fromisoformat(made.json["updated_at"]) == timedelta(days=90)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/order"),
        ({"order": []}, "/order"),
        ({"order": {}}, "/order/catalog_bundle"),
        ({"order": {"catalog_item": "nothing"}}, "/order/catalog_item"),
        ({"order": {**ORDER, "version": "9.9.9"}}, "/order/version"),
        ({"order": {**ORDER, "parameters": 1}}, "/order/parameters"),
        ({"order": ORDER, "team": "growth"}, "/team"),
        ({"order": ORDER, "title": ""}, "/title"),
        ({"order": ORDER, "more": 1}, "/more"),
    ],
)
def test_what_cannot_be_kept_is_told_and_nothing_is_written(cache, sarah, body, pointer):
    answer = sarah.post(DRAFTS, json=body)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json["errors"]] == [pointer]
    assert sarah.get(DRAFTS).json["drafts"] == []


def test_a_change_of_an_older_revision_is_refused(cache, sarah):
    href = sarah.post(DRAFTS, json={"order": ORDER}).json["href"]
    assert sarah.put(href, json={"order": ORDER, "revision": 1}).json["revision"] == 2
    late = sarah.put(href, json={"order": {**ORDER, "parameters": {}}, "revision": 1})
    assert (late.status_code, late.json["code"]) == (409, "newer_draft")
    assert sarah.get(href).json["order"]["parameters"] == {"name": "portal"}


def test_members_of_the_team_change_what_is_shared_and_its_owner_shares_it(cache, sarah, bob, mallory):
    href = sarah.post(DRAFTS, json={"order": ORDER, "team": "customer-experience"}).json["href"]
    assert bob.put(href, json={"order": ORDER, "revision": 1}).json["changed_by"] == "Bob"
    assert bob.put(href, json={"order": ORDER, "revision": 2, "team": None}).status_code == 403
    assert bob.get(href).json["revision"] == 2
    assert bob.delete(href).status_code == 403
    assert mallory.get(href).status_code == 404
    assert sarah.put(href, json={"order": ORDER, "revision": 2, "team": None}).json["team"] is None
    assert bob.get(href).status_code == 404


def test_lists_hold_ones_own_and_what_is_shared(cache, sarah, bob):
    for team in (None, "customer-experience"):
        sarah.post(DRAFTS, json={"order": ORDER, "title": team or "own", "team": team})
    assert [one["title"] for one in sarah.get(DRAFTS).json["drafts"]] == ["customer-experience", "own"]
    assert [one["title"] for one in bob.get(DRAFTS).json["drafts"]] == ["customer-experience"]
    assert bob.get(f"{DRAFTS}?mine=true").json["drafts"] == []
    assert bob.get(f"{DRAFTS}?catalog=other").json["drafts"] == []


def test_lists_are_paged(cache, sarah):
    for number in range(3):
        sarah.post(DRAFTS, json={"order": ORDER, "title": str(number)})
    first = sarah.get(f"{DRAFTS}?limit=2").json
    rest = sarah.get(f"{DRAFTS}?limit=2&cursor={first['pagination']['next_cursor']}").json
    assert [one["title"] for one in (*first["drafts"], *rest["drafts"])] == ["2", "1", "0"]
    assert rest["pagination"]["has_more"] is False


def test_a_draft_is_sent_with_its_secrets_and_ends(cache, sarah):
    draft = sarah.post(DRAFTS, json={"order": ORDER}).json
    made = sarah.post(f"{draft['href']}/submit", json={"parameters": {"word": "hunter2"}})
    assert made.status_code == 201
    assert sarah.get(draft["href"]).status_code == 404
    again = sarah.post(f"{draft['href']}/submit", json={}, headers={"Idempotency-Key": "k"})
    assert (again.status_code, again.json["request_id"]) == (201, made.json["request_id"])


def test_faults_of_a_draft_are_those_of_its_order_and_it_stays(cache, sarah):
    draft = sarah.post(DRAFTS, json={"order": {**ORDER, "parameters": {"size": 10}}}).json
    refused = sarah.post(f"{draft['href']}/submit", json={})
    straight = sarah.post("/api/v1/requests", json=draft["order"])
    assert refused.status_code == 422
    assert refused.json["errors"] == straight.json["errors"]
    assert sarah.get(draft["href"]).status_code == 200


def test_a_draft_that_was_deleted_is_gone(cache, sarah):
    href = sarah.post(DRAFTS, json={"order": ORDER}).json["href"]
    assert sarah.delete(href).status_code == 204
    assert [sarah.get(href).status_code, sarah.delete(href).status_code] == [404, 404]
    assert sarah.post(f"{href}/submit", json={}).status_code == 404


def test_a_draft_tells_what_the_current_version_changes(cache, sarah):
    href = sarah.post(DRAFTS, json={"order": {**ORDER, "parameters": {"size": 9}}}).json["href"]
    cache.offer(cache=item(http("make"), fields=FIELDS.replace("9", "5"), name="Cache").replace("1.0.0", "1.1.0"))
    draft = sarah.get(href).json
    assert (draft["version"], draft["current_version"]) == ("1.0.0", "1.1.0")
    assert draft["changes"] == [{"kind": "invalid", "part": "cache", "field": "size", "message": "must be at most 5"}]


def test_what_became_secret_since_is_not_shown(cache, sarah):
    order = {"catalog_item": "cache", "parameters": {"name": "hunter2"}}
    href = sarah.post(DRAFTS, json={"order": order, "title": "Cache"}).json["href"]
    secret = FIELDS.replace("{name: name, type: string,", "{name: name, type: string, sensitive: true,")
    cache.offer(cache=item(http("make"), fields=secret, name="Cache").replace("1.0.0", "1.1.0"))
    assert "hunter2" not in sarah.get(href).text


def test_a_template_is_kept_changed_shared_and_deleted(synced_catalog, sarah, bob):
    made = sarah.post(TEMPLATES, json={"name": "Portals", "order": STORY, "team": "customer-experience"})
    assert made.status_code == 201
    href = made.json["href"]
    (listed,) = bob.get(TEMPLATES).json["templates"]
    assert listed["template_id"] == made.json["template_id"]
    changed = bob.put(href, json={"name": "Portals of ours", "order": STORY, "revision": 1}).json
    assert (changed["name"], changed["revision"], changed["team"]) == ("Portals of ours", 2, "customer-experience")
    assert sarah.put(href, json={"name": "x", "order": STORY, "revision": 1}).status_code == 409
    assert sarah.delete(href).status_code == 204
    assert bob.get(href).status_code == 404


def test_a_template_is_ordered_as_it_is(synced_catalog, sarah):
    template = sarah.post(TEMPLATES, json={"name": "Portals", "order": STORY}).json
    assert sarah.post("/api/v1/requests", json=template["order"]).status_code == 201


@pytest.mark.parametrize("path", [f"{DRAFTS}?cursor=x", f"{DRAFTS}?limit=0", f"{TEMPLATES}?unknown=1"])
def test_nonsense_in_the_address_of_a_list_is_told(synced_catalog, sarah, path):
    assert sarah.get(path).status_code == 422


# Changing only what was read


def test_the_etag_of_a_draft_is_its_revision_and_serves_instead_of_it(cache, sarah):
    made = sarah.post(DRAFTS, json={"order": ORDER})
    assert [made.headers["ETag"], sarah.get(made.json["href"]).headers["ETag"]] == ['"1"', '"1"']
    changed = sarah.put(made.json["href"], json={"order": ORDER}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["ETag"], changed.json["revision"]) == (200, '"2"', 2)


@pytest.mark.parametrize("tag", ['"1"', 'W/"2"', '"two"', "", '"0", "3"'])
@pytest.mark.parametrize("home", [DRAFTS, TEMPLATES])
def test_what_is_not_as_if_match_says_is_neither_changed_nor_deleted(cache, sarah, home, tag):
    name = {"name": "Cache"} if home == TEMPLATES else {}
    href = sarah.post(home, json={"order": ORDER, **name}).json["href"]
    sarah.put(href, json={"order": ORDER, "revision": 1, **name})
    late = [
        sarah.put(href, json={"order": {**ORDER, "parameters": {}}, **name}, headers={"If-Match": tag}),
        sarah.delete(href, headers={"If-Match": tag}),
    ]
    assert [(one.status_code, one.json["code"]) for one in late] == [(412, "precondition_failed")] * 2
    assert "revision 2 now" in late[0].json["detail"]
    assert sarah.get(href).json["order"]["parameters"] == {"name": "portal"}


def test_if_match_takes_any_of_several_and_any_at_all(cache, sarah):
    href = sarah.post(DRAFTS, json={"order": ORDER}).json["href"]
    for tag in ('"9", "1"', "*"):
        assert sarah.put(href, json={"order": ORDER}, headers={"If-Match": tag}).status_code == 200
    assert sarah.delete(href, headers={"If-Match": '"3"'}).status_code == 204
    assert sarah.put(href, json={"order": ORDER}, headers={"If-Match": "*"}).status_code == 404


def test_a_change_that_does_not_say_what_was_read_is_refused(cache, sarah):
    href = sarah.post(DRAFTS, json={"order": ORDER}).json["href"]
    refused = sarah.put(href, json={"order": ORDER})
    assert refused.status_code == 422
    assert [(one["pointer"], one["code"]) for one in refused.json["errors"]] == [("/revision", "required")]
