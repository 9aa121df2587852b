"""The catalog in the browser: found by words, tags and owners, and each entry in words."""

import re

import pytest

from app.catalog import offers
from app.models.tables import CATALOG_ITEM
from tests.fixtures.browser_client import words
from tests.fixtures.house import http, item

BUNDLE = "/catalog/bundles/full-stack-web-app"
STACK = """
name: Stack
version: "{version}"
description: "For tests"
owner: platform-solutions-team
tags: [{tag}]
{extra}
bundle:
  required_items: [{{catalog_item: cache, version: "{wanted}", as: first, help_text: "Keeps sessions"}}]
  optional_items: [{{catalog_item: cache, version: "1.x", as: second}}]
"""


@pytest.fixture
def sarah(synced_catalog, signed_in):
    return signed_in("sarah-123")


@pytest.fixture
def own(house, people):
    """Syncs one item and a bundle of it: `own(version="1.1.0", extra="deprecated: {…}")`."""

    def offer(version="1.0.0", extra="", wanted="1.x", tag="stack", **more):
        document = STACK.format(version=version, extra=extra, wanted=wanted, tag=tag)
        house.offer(cache=item(http("make"), name="Cache"), stack=document, **more)

    return offer


def rows(page):
    """The entries that a page of the catalog lists, in order."""
    return re.findall(r'<a class="title" href="/catalog/(?:bundles|items)/([^"]+)">', page.text)


def facet(page, name):
    """The values of one group of filters, with their counts."""
    found = re.findall(
        rf'name="{name}" value="([^"]+)"( checked)?><label for="[^"]+">[^<]+<span class="muted">(\d+)', page.text
    )
    return {value: (int(count), bool(checked)) for value, checked, count in found}


def chips(page):
    return [" ".join(text.split()) for text in re.findall(r'<a class="chip" href="[^"]*">([^<]+)', page.text)]


# The list


def test_bundles_come_first_and_then_items(sarah):
    page = sarah.get("/catalog")
    assert page.status_code == 200
    assert rows(page) == [
        "full-stack-web-app",
        "application-monitoring",
        "eks-container-app",
        "postgres-database",
        "redis-cache",
        "team-workspace",
    ]
    assert "1 bundle and 5 items from 3 platform teams" in words(page)


def test_each_entry_can_be_ordered_from_the_list(sarah):
    page = sarah.get("/catalog")
    assert (
        '<a class="btn btn-sm" href="/order/bundles/full-stack-web-app" aria-label="Order Full Stack Web Application">'
        in page.text
    )
    assert '<a class="btn btn-sm" href="/order/items/redis-cache" aria-label="Order Redis Cache">' in page.text


@pytest.mark.parametrize("words_typed", ["postgres", "POSTGRES data", "platform-data-team postgres", "  instance "])
def test_words_find_name_tag_owner_and_description(sarah, words_typed):
    assert "postgres-database" in rows(sarah.get("/catalog", query_string={"q": words_typed}))


def test_what_was_searched_stays_in_the_box_and_can_be_taken_away(sarah):
    page = sarah.get("/catalog?q=postgres")
    assert 'name="q" type="search" value="postgres"' in page.text
    assert chips(page) == ["“postgres”"]
    assert '<a class="chip" href="/catalog">' in page.text


def test_several_tags_narrow_the_list(sarah):
    assert rows(sarah.get("/catalog?tag=database")) == ["postgres-database", "redis-cache"]
    assert rows(sarah.get("/catalog?tag=database&tag=cache")) == ["redis-cache"]


def test_several_owners_widen_the_list(sarah):
    page = sarah.get("/catalog?owner=platform-data-team&owner=platform-compute-team")
    assert rows(page) == ["eks-container-app", "postgres-database", "redis-cache"]


def test_tags_are_counted_within_what_is_chosen(sarah):
    assert facet(sarah.get("/catalog?tag=database"), "tag") == {
        "database": (2, True),
        "cache": (1, False),
        "postgres": (1, False),
        "storage": (1, False),
    }


def test_another_owner_can_still_be_chosen(sarah):
    owners = facet(sarah.get("/catalog?owner=platform-data-team"), "owner")
    assert owners["platform-data-team"] == (2, True)
    assert owners["platform-compute-team"] == (1, False)


def test_words_tags_and_owners_go_together_and_each_can_be_removed(sarah):
    page = sarah.get("/catalog?q=data&tag=database&owner=platform-data-team")
    assert chips(page) == ["“data”", "Tag: database", "Owner: platform-data-team"]
    assert 'href="/catalog?q=data&amp;owner=platform-data-team"' in page.text


def test_a_list_with_nothing_in_it_has_a_way_out(sarah):
    page = sarah.get("/catalog?q=mainframe&tag=cobol")
    assert rows(page) == []
    assert "Nothing fits" in words(page)
    assert facet(page, "tag") == {"cobol": (0, True)}
    assert '<a class="btn" href="/catalog">Show the whole catalog</a>' in page.text


def test_a_typing_mistake_is_set_right_and_said(sarah):
    page = sarah.get("/catalog?q=postgers&owner=platform-data-team")
    assert rows(page) == ["postgres-database"]
    assert "Results for postgres ; you wrote postgers." in words(page)
    assert 'href="/catalog?q=postgers&amp;literal=1&amp;owner=platform-data-team"' in page.text
    assert rows(sarah.get("/catalog?q=postgers&literal=1")) == []


def test_an_empty_list_names_words_that_find_something(sarah):
    page = sarah.get("/catalog?q=redis+kubernetes")
    assert "Words to try: redis , kubernetes" in words(page)
    assert '<a href="/catalog?q=redis">redis</a>' in page.text


def test_what_was_typed_is_shown_as_text(sarah):
    page = sarah.get("/catalog", query_string={"q": "postgers<i>x</i>"})
    assert "<i>" not in page.text


def test_kinds_narrow_the_list(sarah):
    page = sarah.get("/catalog?kind=bundle")
    assert rows(page) == ["full-stack-web-app"]
    assert chips(page) == ["Kind: Bundles"]
    assert facet(page, "kind") == {"bundle": (1, True), "item": (5, False)}


def test_an_entry_that_the_reader_may_not_order_says_why(own, signed_in):
    own(extra="access: {teams: [growth]}")
    browser = signed_in("sarah-123")
    page = browser.get("/catalog")
    assert "Only for growth. Ask platform-solutions-team to add your team." in words(page)
    assert "Not your team" in words(page)
    assert "/order/bundles/stack" not in page.text
    assert rows(browser.get("/catalog?show=mine")) == ["cache"]
    entry = browser.get("/catalog/bundles/stack")
    assert "You cannot order this. Only for growth." in words(entry)
    assert "/order/" not in entry.text


def test_its_form_says_why_instead_of_asking(own, signed_in):
    own(extra="access: {teams: [growth]}")
    page = signed_in("sarah-123").get("/order/bundles/stack")
    assert page.status_code == 403
    assert "You cannot order Stack. Only for growth. Ask platform-solutions-team to add your team." in words(page)
    assert signed_in("mallory-666").get("/order/bundles/stack").status_code == 200


def test_an_empty_catalog_says_who_fills_it(signed_in):
    page = signed_in("sarah-123").get("/catalog")
    assert "Nothing is on offer yet" in words(page)
    assert "Apply filters" not in words(page)


@pytest.mark.parametrize(
    "query",
    [{"q": "x" * 5000}, {"q": "& | ! ( ) :* '"}, {"q": "<b>"}, {"q": "²½ ٣ é ﬁ"}, {"tag": ["x" * 500] * 100}, {"tag": ""}],
)
def test_no_search_takes_the_page_down(sarah, query):
    page = sarah.get("/catalog", query_string=query)
    assert page.status_code == 200
    assert "<b>" not in page.text.replace("<b>Sarah", "")


@pytest.mark.parametrize(
    "path", ["/catalog?q=a%00b", "/catalog?tag=%00", "/catalog/items/a%00b", "/catalog/items/redis-cache?version=%00"]
)
def test_a_character_that_no_text_holds_finds_nothing(sarah, path):
    assert sarah.get(path).status_code == 404


def test_a_deprecated_entry_is_marked(own, signed_in):
    own(extra='deprecated: {since: "1.0.0", use: cache, remove_after: "2026-01-31"}')
    assert "Stack 1.0.0, deprecated" in words(signed_in("sarah-123").get("/catalog"))


def test_only_administrators_see_that_a_file_has_a_fault(house, own, signed_in):
    own()
    with house.engine.begin() as connection:
        connection.execute(CATALOG_ITEM.update().values(fault="items/cache.yaml:3:1: owner is missing"))
    assert "has a fault" not in words(signed_in("sarah-123").get("/catalog"))
    page = signed_in("dana-001").get("/catalog")
    assert "Cache 1.0.0, its file has a fault" in words(page)
    assert "owner is missing" in words(signed_in("dana-001").get("/catalog/items/cache"))
    assert "owner is missing" not in words(signed_in("sarah-123").get("/catalog/items/cache"))


# One entry


def test_a_bundle_lists_its_items_with_versions_and_owners(sarah):
    text = words(sarah.get(BUNDLE))
    assert "EKS Container App 1.2.0 Managed Kubernetes application deployment" in text
    assert "Set by this bundle: App type: web-frontend Required platform-compute-team" in text
    assert "(from Solution name) Optional, off by default platform-data-team" in text
    assert "Optional, on by default platform-solutions-team" in text


def test_a_bundle_says_in_words_what_an_order_asks(sarah):
    text = words(sarah.get(BUNDLE))
    assert "Solution name Name for this solution deployment Text required" in text
    assert "Storage Storage size in GB Whole number, 20 to 1,000 GB 100 GB" in text
    assert "Environment Target deployment environment One of dev, staging, prod required" in text


def test_an_entry_says_what_comes_back(sarah):
    assert "service_url Where the application answers" in words(sarah.get(BUNDLE))
    assert "endpoint Host name and port of the cache" in words(sarah.get("/catalog/items/redis-cache"))


@pytest.mark.parametrize("path", ["/catalog/bundles/full-stack-web-app", "/catalog/items/redis-cache"])
def test_an_entry_can_be_ordered(sarah, path):
    assert f'<a class="btn btn-go" href="{path.replace("catalog", "order")}"' in sarah.get(path).text


def test_an_item_that_is_in_a_bundle_twice_is_listed_twice(own, signed_in):
    own()
    text = words(signed_in("sarah-123").get("/catalog/bundles/stack"))
    assert "Cache 1.0.0 Keeps sessions Required" in text
    assert "Cache 1.0.0 For tests Optional, off by default" in text


def test_older_versions_can_be_looked_at_and_ordered(own, signed_in):
    own()
    own(version="1.1.0")
    browser = signed_in("sarah-123")
    assert 'href="/catalog/bundles/stack?version=1.0.0"' in browser.get("/catalog/bundles/stack").text
    page = browser.get("/catalog/bundles/stack?version=1.0.0")
    assert "This is version 1.0.0. The current one is 1.1.0" in words(page)
    assert 'href="/order/bundles/stack?version=1.0.0"' in page.text
    assert ("version", "1.0.0") in re.findall(
        r'name="(\w+)" value="([^"]+)"', browser.get("/order/bundles/stack?version=1.0.0").text
    )


def test_a_deprecated_entry_says_what_to_take_instead(own, signed_in):
    own(extra='deprecated: {since: "1.0.0", use: cache, remove_after: "2026-01-31"}')
    page = signed_in("sarah-123").get("/catalog/bundles/stack")
    assert "Deprecated since 1.0.0. It can be ordered until 2026-01-31. Take cache instead." in words(page)
    assert '<a href="/catalog/items/cache">cache</a>' in page.text


def test_what_to_take_instead_is_no_link_when_it_is_not_there(own, signed_in):
    own(extra='deprecated: {since: "1.0.0", use: nothing}')
    page = signed_in("sarah-123").get("/catalog/bundles/stack")
    assert "Take nothing instead." in words(page)
    assert "/nothing" not in page.text


def test_a_bundle_of_which_no_item_fits_is_shown_and_not_offered(house, own, signed_in):
    own()
    with house.engine.begin() as connection:
        connection.execute(offers.VERSION.update().where(offers.VERSION.c.name == "cache").values(active=False))
    page = signed_in("sarah-123").get("/catalog/bundles/stack")
    assert page.status_code == 200
    assert "This cannot be ordered now. No active version of cache fits 1.x." in words(page)
    assert "/order/" not in page.text


def test_links_and_documentation_are_shown_as_text(own, signed_in):
    own(extra='docs: "Read **this** first.\\n\\n- one\\n- two"\nlinks: [{title: Handbook, url: "https://example.com/a"}]')
    page = signed_in("sarah-123").get("/catalog/bundles/stack")
    assert "Read **this** first. one two" in words(page)
    assert '<a href="https://example.com/a" rel="noreferrer">Handbook</a>' in page.text


@pytest.mark.parametrize(
    "path", ["items/nothing", "bundles/redis-cache", "things/redis-cache", "items/redis-cache?version=9.9.9"]
)
def test_what_is_not_there_is_not_found(sarah, path):
    assert sarah.get(f"/catalog/{path}").status_code == 404


@pytest.mark.parametrize("path", ["/catalog", BUNDLE])
def test_nobody_reads_the_catalog_without_signing_in(synced_catalog, client, path):
    assert client.get(path).location.startswith("/sign-in?next=%2Fcatalog")


@pytest.mark.parametrize("who", ["sarah-123", "bob-456", "carol-789", "erin-321", "dana-001", "mallory-666"])
def test_everybody_who_is_signed_in_may_read_and_order(synced_catalog, signed_in, who):
    browser = signed_in(who)
    assert [browser.get(path).status_code for path in ("/catalog", BUNDLE, BUNDLE.replace("catalog", "order"))] == [200] * 3
