"""The order form's drafts, templates, links and texts: kept, opened again, carried to newer versions, never with secrets."""

import html
import json
import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update

from app.models.tables import DRAFT, REQUEST, TEMPLATE
from tests.fixtures.browser_client import words
from tests.fixtures.house import http, item
from tests.story import STORY
from tests.web.test_order_pages import ANSWERS, STACK, inputs, value_of

JSON = {"Accept": "application/json"}
FIELDS = (
    "[{name: name, type: string, required: true, title: Name}, {name: size, type: integer, default: 1, max_value: 9},"
    " {name: word, type: string, sensitive: true, title: Password}, {name: kind, type: selection, oneof: [a, b, c, d, e, f]}]"
)
CACHE = "/order/items/cache"


@pytest.fixture
def sarah(synced_catalog, signed_in):
    return signed_in("sarah-123")


@pytest.fixture
def desk(house, people, signed_in):
    """An item with a secret, and whoever orders it."""
    house.offer(cache=item(http("make"), fields=FIELDS, name="Cache"))
    return signed_in("sarah-123")


def saved(browser, answers, path=CACHE, **more):
    """Save as the script does; what it is told."""
    answer = browser.send(path, {**answers, "do": "save"}, headers=JSON)
    assert answer.status_code == 200, answer.text
    return answer.json


def rows(house, table=DRAFT):
    return house.rows(select(table).order_by(table.c.created_at))


# Saving


def test_the_button_saves_and_the_form_goes_on_as_the_draft(house, sarah):
    page = sarah.send(STACK, {**ANSWERS, "do": "save"})
    (row,) = rows(house)
    assert "The draft is saved." in words(page)
    assert ("draft", str(row.id)) in inputs(page)
    assert ("revision", "1") in inputs(page)
    assert value_of(page, "bundle.solution_name") == "customer-portal"


def test_the_script_is_told_the_draft_and_its_revision(desk, house):
    told = saved(desk, {"item.name": "a"})
    assert told["revision"] == 1
    assert re.fullmatch(r"Draft saved at \d\d:\d\d", told["said"])
    assert saved(desk, {"item.name": "b", "draft": told["draft"], "revision": "1"})["revision"] == 2
    assert len(rows(house)) == 1


def test_no_secret_is_in_a_draft_and_the_form_says_what_to_type_again(desk, house):
    told = saved(desk, {"item.name": "a", "item.word": "hunter2"})
    assert "hunter2" not in str(rows(house))
    page = desk.get(told["here"])
    assert "Password: type it again, secrets are not kept." in words(page)


def test_another_tabs_newer_save_is_told_and_not_written_over(desk, house):
    told = saved(desk, {"item.name": "a"})
    mark = {"draft": told["draft"], "revision": "1"}
    saved(desk, {"item.name": "newer", **mark})
    late = desk.send(CACHE, {"item.name": "older", **mark, "do": "save"}, headers=JSON)
    assert late.status_code == 409
    assert "You saved it elsewhere meanwhile." in late.json["words"]
    assert late.json["newer"] == f"{CACHE}?draft={told['draft']}"
    assert rows(house)[0].document["parameters"]["name"] == "newer"


def test_without_script_a_late_save_keeps_what_was_typed_and_becomes_a_draft_of_its_own(desk, house):
    told = saved(desk, {"item.name": "a"})
    mark = {"draft": told["draft"], "revision": "1"}
    saved(desk, {"item.name": "newer", **mark})
    page = desk.send(CACHE, {"item.name": "older", **mark, "do": "save"})
    assert page.status_code == 409
    assert value_of(page, "item.name") == "older"
    desk.send(CACHE, [*inputs(page), ("item.name", "older"), ("do", "save")])
    assert [row.document["parameters"]["name"] for row in rows(house)] == ["newer", "older"]


@pytest.mark.parametrize("mark", ["nonsense", "00000000-0000-0000-0000-000000000000", "\x00", "9" * 400])
def test_a_draft_that_there_is_not_takes_no_form_down(desk, mark):
    for do in ("save", "change", "review", "discard", "json"):
        answer = desk.send(CACHE, {"item.name": "a", "draft": mark, "revision": mark, "do": do})
        assert answer.status_code in (200, 303, 404, 409), (do, answer.status_code)


def test_looking_at_an_order_keeps_its_draft_and_sending_ends_it(desk, house):
    told = saved(desk, {"item.name": "a"})
    review = desk.send(CACHE, {"item.name": "a", "draft": told["draft"], "revision": "1"})
    assert ("draft", told["draft"]) in inputs(review)
    for _ in range(2):
        assert desk.send(CACHE, [*inputs(review), ("do", "send")]).status_code == 303
    assert (len(rows(house)), len(rows(house, REQUEST))) == (0, 1)


def test_a_draft_that_a_colleague_sent_asks_before_it_is_sent_again(desk, house, signed_in):
    told = saved(desk, {"item.name": "a"})
    desk.send(f"/drafts/{told['draft']}/share", {"team": "customer-experience"})
    mark = {"draft": told["draft"], "revision": "1", "item.name": "a"}
    mine, theirs = desk.send(CACHE, mark), signed_in("bob-456").send(CACHE, mark)
    assert signed_in("bob-456").send(CACHE, [*inputs(theirs), ("do", "send")]).status_code == 303
    page = desk.send(CACHE, [*inputs(mine), ("do", "send")])
    assert "somebody sent it or threw it away" in words(page)
    assert len(rows(house, REQUEST)) == 1
    assert desk.send(CACHE, [*inputs(page), ("do", "send")]).status_code == 303


# Opening


def test_a_lost_form_is_offered_when_it_is_opened_again(desk):
    told = saved(desk, {"item.name": "portal"})
    page = desk.get(CACHE)
    assert re.search(r"You have a draft from \d\d:\d\d : portal\. Go on with it or begin anew", words(page))
    assert "You have a draft" not in words(desk.get(f"{CACHE}?anew=1"))
    assert value_of(desk.get(told["here"]), "item.name") == "portal"


def test_a_draft_opens_with_every_answer_and_switch(sarah):
    told = saved(sarah, {name: value for name, value in ANSWERS.items() if name != "include.monitoring"}, STACK)
    page = sarah.get(told["here"])
    assert value_of(page, "items.postgres.allocated_storage") == "250"
    assert 'name="include.redis" value="on" checked' in page.text
    assert 'name="include.monitoring" value="on">' in page.text
    assert '<option value="db.t3.medium" selected>' in page.text


def test_a_draft_of_somebody_else_is_no_draft(desk, signed_in):
    told = saved(desk, {"item.name": "private"})
    page = signed_in("mallory-666").get(told["here"])
    assert "This draft is gone" in words(page)
    assert "private" not in page.text


def test_a_draft_is_carried_to_the_newer_version_with_what_changed(house, desk):
    told = saved(desk, {"item.name": "a", "item.size": "7", "item.kind": "b"})
    fields = FIELDS.replace("max_value: 9", "max_value: 5").replace("name: kind, ", "name: sort, title: Sort, required: true, ")
    house.offer(cache=item(http("make"), fields=fields, name="Cache").replace("1.0.0", "1.1.0"))
    text = words(desk.get(told["here"]))
    assert "This is version 1.1.0 now. What changed since you wrote it:" in text
    assert "“Size” must be at most 5." in text
    assert "“Kind” (b) is not asked any more; your answer was left out." in text
    assert "“Sort” is new and must be answered." in text
    assert "Keep version 1.0.0" in text


def test_a_draft_can_keep_its_version(house, desk):
    told = saved(desk, {"item.name": "a", "item.kind": "b"})
    house.offer(cache=item(http("make"), fields="[]", name="Cache").replace("1.0.0", "1.1.0"))
    page = desk.get(f"{told['here']}&version=1.0.0")
    assert ("version", "1.0.0") in inputs(page)
    assert "What changed" not in words(page)


# Links


def test_a_link_fills_the_form_and_says_what_it_could_not_take(desk):
    page = desk.get(f"{CACHE}?item.name=portal&item.size=x&item.kind=zzz&item.nothing=1&item.word=hunter2&include.x=on")
    text = words(page)
    assert value_of(page, "item.name") == "portal"
    assert "Kind (zzz) does not fit this field and was left out." in text
    assert "“item.nothing” (1) is no question of this form and was left out." in text
    assert "Password is secret: no link may carry it, type it here." in text
    assert "hunter2" not in page.text


def test_a_link_switches_items(sarah):
    page = sarah.get(f"{STACK}?include.redis=on&include.monitoring=off&bundle.enable_ha=on")
    assert 'name="include.redis" value="on" checked' in page.text
    assert 'name="include.monitoring" value="on">' in page.text


def test_a_link_that_is_too_long_is_left_out_and_said(desk):
    page = desk.get(f"{CACHE}?item.name={'x' * 9000}")
    assert "longer than 8,000 characters" in words(page)
    assert value_of(page, "item.name") == ""


@pytest.mark.parametrize("query", ["item.name=%3Cscript%3Ealert(1)%3C/script%3E", "%3Cscript%3Ealert(1)%3C/script%3E=1"])
def test_what_a_link_says_is_escaped(desk, query):
    assert "<script>alert" not in desk.get(f"{CACHE}?{query}").text


# Again, and templates


def test_an_order_is_ordered_again_with_its_answers(sarah, house):
    made = house.order(STORY).request_id
    page = sarah.get(f"{STACK}?again={made}")
    assert value_of(page, "items.postgres.database_name") == STORY["item_parameters"]["postgres-database"]["database_name"]
    assert f"The answers of {made}." in words(page)
    assert "left out" not in words(page)


def test_what_one_may_not_see_cannot_be_ordered_again(sarah, house, signed_in):
    made = house.order(STORY).request_id
    assert signed_in("mallory-666").get(f"{STACK}?again={made}").status_code == 404
    assert sarah.get(f"/order/items/redis-cache?again={made}").status_code == 404


def test_a_template_is_saved_from_the_form_by_name_and_the_form_goes_on(desk, house):
    asked = desk.send(CACHE, {"item.name": "a", "item.size": "4", "do": "template"})
    assert "Save as a template" in words(asked)
    kept = desk.send(CACHE, [*inputs(asked), ("template_name", "Small ones"), ("template_team", "-"), ("do", "keep")])
    assert "The template is saved." in words(kept)
    assert value_of(kept, "item.size") == "4"
    (row,) = rows(house, TEMPLATE)
    assert (row.title, row.team, row.document["parameters"]["size"]) == ("Small ones", None, 4)


def test_a_template_without_a_name_asks_again(desk, house):
    page = desk.send(CACHE, {"item.name": "a", "template_name": " ", "do": "keep"})
    assert page.status_code == 422
    assert ("item.name", "a") in inputs(page)
    assert rows(house, TEMPLATE) == []


def test_a_template_of_a_request_is_shared_and_used_by_a_colleague(sarah, house, signed_in):
    made = house.order(STORY).request_id
    assert sarah.get(f"/templates/new?request={made}").status_code == 200
    answers = {"request": made, "template_name": "Portals", "template_team": "customer-experience"}
    assert sarah.send("/templates/new", answers).status_code == 303
    bob = signed_in("bob-456")
    href = re.search(r'class="title" href="([^"]+)"', bob.get("/templates").text)[1]
    page = bob.get(href)
    assert value_of(page, "items.eks_app.app_name") == "customer-portal-api"
    assert "From the template “Portals”." in words(page)
    assert "Portals" not in words(signed_in("mallory-666").get("/templates"))


# The lists


def test_lists_with_nothing_in_them_say_what_to_do(sarah):
    assert "An order that you begin is saved by itself" in words(sarah.get("/drafts"))
    assert "begin the next order with its answers" in words(sarah.get("/templates"))


def test_a_draft_is_shared_deleted_and_brought_back_from_the_list(desk, house, signed_in):
    key = saved(desk, {"item.name": "portal"})["draft"]
    desk.send(f"/drafts/{key}/share", {"team": "customer-experience"})
    assert "portal" in words(signed_in("bob-456").get("/drafts"))
    assert signed_in("bob-456").send(f"/drafts/{key}/delete").status_code == 403
    gone = desk.send(f"/drafts/{key}/delete")
    page = desk.get(gone.location)
    assert "The draft is deleted. Undo" in words(page)
    assert f'action="/drafts/{key}/restore"' in page.text
    desk.send(f"/drafts/{key}/restore")
    assert "portal" in words(desk.get("/drafts"))


def test_discarding_from_the_form_leads_to_the_list_with_an_undo(desk, house):
    told = saved(desk, {"item.name": "a"})
    answer = desk.send(CACHE, {"item.name": "a", "draft": told["draft"], "do": "discard"})
    assert answer.location == f"/drafts?gone={told['draft']}"
    assert rows(house)[0].deleted_at is not None


@pytest.mark.parametrize("path", ["/drafts?cursor=x", "/drafts?gone=x", "/templates?cursor=x"])
def test_nonsense_in_the_address_of_a_list_is_nothing(sarah, path):
    assert sarah.get(path).status_code in (200, 302)


# The same order as texts


def test_the_json_is_exactly_what_the_api_takes(sarah, people):
    page = sarah.send(STACK, {**ANSWERS, "do": "json"})
    order = json.loads(text_of(page))
    assert people.api("sarah-123").post("/api/v1/requests", json=order).status_code == 201


def text_of(page):
    return html.unescape(re.search(r"<textarea[^>]*>\n(.*?)</textarea>", page.text, re.DOTALL)[1])


def test_the_call_names_the_portal_and_a_token_and_masks_secrets(desk, settings):
    page = desk.send(CACHE, {"item.name": "a", "item.word": "hunter2", "do": "curl"})
    text = words(page)
    assert f"{settings.public_url.rstrip('/')}/api/v1/requests" in text
    assert "$STRATUS_TOKEN" in text
    assert '"word": "********"' in text


@pytest.mark.parametrize("shape", ["json", "yaml"])
def test_a_text_that_is_pasted_back_fills_the_form(sarah, shape):
    page = sarah.send(STACK, {**ANSWERS, "do": shape})
    text = text_of(page).replace("customer_portal_db", "another_db")
    filled = sarah.send(STACK, {**dict(inputs(page)), "pasted": text, "shape": shape, "do": "paste"})
    assert filled.status_code == 200
    assert value_of(filled, "items.postgres.database_name") == "another_db"
    assert "left out" not in words(filled)


def test_a_secret_that_the_text_masks_keeps_what_was_typed(desk):
    page = desk.send(CACHE, {"item.name": "a", "item.word": "hunter2", "do": "json"})
    filled = desk.send(CACHE, {**dict(inputs(page)), "item.word": "hunter2", "pasted": text_of(page), "do": "paste"})
    review = desk.send(CACHE, {"item.name": "a", "item.word": "hunter2"})
    assert filled.status_code == review.status_code == 200


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "The text is empty"),
        ("{", "The text is not JSON"),
        ("a: [", "cannot be read as YAML"),
        ("catalog_item: redis-cache", "is an order of redis-cache, and this form orders full-stack-web-app"),
        ("version: 1.0.0", "is an order of nothing that it names"),
    ],
)
def test_a_text_that_cannot_be_taken_comes_back_with_what_is_wrong(sarah, text, told):
    page = sarah.send(STACK, {**ANSWERS, "pasted": text, "shape": "yaml", "do": "paste"})
    assert page.status_code == 422
    assert told in words(page)
    assert ("bundle.solution_name", "customer-portal") in inputs(page)


def test_answers_of_a_text_that_do_not_fit_are_named_with_their_values(sarah):
    order = {
        **STORY,
        "nothing": 1,
        "item_parameters": {
            "postgres-database": {"allocated_storage": [1, 2], "colour": "red"},
            "eks-container-app": {"app_type": "evil", "enabled": False},
            "unknown-item": {},
        },
        "requester": {"team": "growth"},
    }
    text = words(sarah.send(STACK, {"pasted": json.dumps(order), "do": "paste"}))
    for said in (
        "“nothing” (1) has no place in this order.",
        "PostgreSQL Database: “colour” (red) is no question of this version.",
        "“unknown-item”",
        "Team (growth) is not one of your teams.",
        "EKS Container App: App type (evil) is set by this bundle.",
        "is always part of this order.",
        "does not fit this field and was left out.",
    ):
        assert said in text, said


# Sessions that ended


def test_a_form_older_than_the_session_comes_back_with_what_was_typed(sarah):
    page = sarah.post(STACK, data={**ANSWERS, "csrf_token": "old"})
    assert page.status_code == 400
    assert "You have signed in anew since this form was opened." in words(page)
    assert value_of(page, "bundle.solution_name") == "customer-portal"


def test_a_form_without_a_session_waits_for_signing_in(client, synced_catalog):
    page = client.post(STACK, data=ANSWERS)
    assert page.status_code == 401
    assert ("bundle.solution_name", "customer-portal") in inputs(page)
    assert "Sign in in another tab" in words(page)


def test_the_script_is_told_who_is_signed_in_and_the_token_to_go_on_with(sarah, client):
    told = sarah.post(STACK, data={**ANSWERS, "do": "save", "csrf_token": "old"}, headers=JSON)
    assert (told.status_code, told.json["person"]) == (400, "sarah-123")
    again = sarah.post(STACK, data={**ANSWERS, "do": "save", "csrf_token": told.json["token"]}, headers=JSON)
    assert again.status_code == 200
    assert client.post(STACK, data=ANSWERS, headers=JSON).json == {"person": None, "token": None}


def test_another_site_is_told_nothing(sarah):
    answer = sarah.send(STACK, {**ANSWERS, "do": "save"}, headers={**JSON, "Origin": "https://evil.example.com"})
    assert answer.status_code == 400
    assert answer.mimetype == "text/html"
    assert "customer-portal" not in answer.text


def test_a_draft_without_its_version_on_offer_opens_with_the_current_one(house, desk):
    told = saved(desk, {"item.name": "a"})
    house.offer(cache=item(http("make"), fields=FIELDS, name="Cache").replace("1.0.0", "1.1.0"))
    with house.engine.begin() as connection:
        connection.execute(update(DRAFT).values(catalog_version="0.1.0"))
    assert desk.get(told["here"]).status_code == 200


# Ways in


def test_the_start_page_leads_to_drafts_and_to_ordering_again(desk, house):
    told = saved(desk, {"item.name": "portal"})
    made = house.order({"catalog_item": "cache", "parameters": {"name": "shop"}}).request_id
    page = desk.get("/")
    assert f'<a class="title" href="{told["here"]}">portal</a>' in page.text
    assert f'href="{CACHE}?again={made}"' in page.text


def test_a_request_and_the_list_lead_to_ordering_again_and_to_a_template(desk, house):
    made = house.order({"catalog_item": "cache", "parameters": {"name": "shop"}}).request_id
    page = desk.get(f"/requests/{made}")
    assert f'href="/templates/new?request={made}"' in page.text
    assert f'href="{CACHE}?again={made}"' in page.text
    assert f'href="{CACHE}?again={made}"' in desk.get("/requests").text


def test_the_list_says_when_a_draft_goes_that_nobody_changes(house, desk):
    saved(desk, {"item.name": "portal"})
    with house.engine.begin() as connection:
        connection.execute(update(DRAFT).values(updated_at=datetime(2025, 1, 1, tzinfo=UTC)))
    page = words(desk.get("/drafts"))
    assert "A draft that nobody changes for 90 days is deleted." in page
    assert "kept until 1 Apr 2025" in page
