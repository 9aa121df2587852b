"""GET /requests."""

import pytest

from app.queries import request_lists
from tests.api.conftest import work

URL = "/api/v1/requests"
ALONE = {"catalog_item": "postgres-database", "parameters": {"database_name": "alone"}}


def ids(answer):
    return [request["request_id"] for request in answer.json["requests"]]


@pytest.fixture
def three(synced_catalog, sarah, bob):
    """Ids of three orders of one team: two of sarah's around one of bob's, oldest first."""
    return [client.post(URL, json=ALONE).json["request_id"] for client in (sarah, bob, sarah)]


def test_the_newest_comes_first(sarah, three):
    assert ids(sarah.get(URL)) == list(reversed(three))


def test_a_request_is_shown_with_its_head_and_the_states_of_its_steps(sarah, placed):
    (request,) = sarah.get(URL).json["requests"]
    assert (request["title"], request["status"], request["version"]) == ("customer-portal", "submitted", "2.1.0")
    assert request["requester"] == {"user_id": "sarah-123", "team": "customer-experience"}
    assert request["steps"] == {"ready": 4, "pending": 1}


def test_mine_are_those_that_i_ordered(sarah, three):
    assert ids(sarah.get(f"{URL}?mine=true")) == [three[2], three[0]]


def test_a_list_is_narrowed_by_state(sarah, three, house):
    work(house)
    assert len(ids(sarah.get(f"{URL}?status=completed,failed"))) == 3
    assert ids(sarah.get(f"{URL}?status=submitted")) == []


def test_a_list_is_narrowed_by_what_was_ordered(sarah, three, placed):
    assert ids(sarah.get(f"{URL}?catalog=full-stack-web-app")) == [placed]


def test_pages_hold_everything_once(sarah, three):
    first = sarah.get(f"{URL}?limit=2")
    second = sarah.get(f"{URL}?limit=2&cursor={first.json['pagination']['next_cursor']}")
    assert ids(first) + ids(second) == list(reversed(three))


def test_a_page_is_stable_when_something_new_comes(sarah, three):
    first = sarah.get(f"{URL}?limit=2").json
    sarah.post(URL, json=ALONE)
    assert ids(sarah.get(f"{URL}?limit=2&cursor={first['pagination']['next_cursor']}")) == [three[0]]


def test_those_who_own_a_part_see_it(carol, erin, dana, placed):
    assert [ids(client.get(URL)) for client in (carol, erin, dana)] == [[placed]] * 3


def test_strangers_see_nothing(mallory, placed):
    assert ids(mallory.get(URL)) == []


def test_a_filter_shows_nobody_more(mallory, placed):
    assert ids(mallory.get(f"{URL}?team=customer-experience")) == []


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("limit=0", ("/limit", "min_value")),
        ("limit=101", ("/limit", "max_value")),
        ("limit=many", ("/limit", "type")),
        ("limit=1&limit=2", ("/limit", "repeated")),
        ("limit=99999999999999999999", ("/limit", "type")),
        ("mine=maybe", ("/mine", "type")),
        ("status=done", ("/status/0", "oneof")),
        ("colour=red", ("/colour", "unknown_field")),
        ("offset=50", ("/offset", "unknown_field")),
        ("cursor=x", ("/cursor", "cursor")),
        ("team=%00", ("/team", "characters")),
    ],
)
def test_a_parameter_that_is_wrong_is_named(sarah, query, place):
    answer = sarah.get(f"{URL}?{query}")
    assert answer.status_code == 422
    assert [(fault["pointer"], fault["code"]) for fault in answer.json["errors"]] == [place]


def test_all_wrong_parameters_are_named_at_once(sarah):
    answer = sarah.get(f"{URL}?limit=0&mine=maybe&colour=red")
    assert {fault["pointer"] for fault in answer.json["errors"]} == {"/limit", "/mine", "/colour"}


def named(client, name: str) -> str:
    body = {"catalog_item": "postgres-database", "parameters": {"database_name": name}}
    return client.post(URL, json=body).json["request_id"]


@pytest.mark.parametrize("text", ["shop", "SHO", "orders shop", "shop-ord"])
def test_a_list_is_narrowed_by_words_of_the_title(sarah, three, text):
    found = named(sarah, "shop_orders")
    assert ids(sarah.get(URL, query_string={"q": text})) == [found]


@pytest.mark.parametrize("recent", [0, 2, 200])
def test_words_are_found_among_the_newest_and_further_back(sarah, three, monkeypatch, recent):
    monkeypatch.setattr(request_lists, "RECENT", recent)
    made = [named(sarah, name) for name in ("shop_orders", "billing", "shop_carts", "shop_stock")]
    shops = [made[3], made[2], made[0]]
    assert ids(sarah.get(f"{URL}?q=shop")) == shops
    first = sarah.get(f"{URL}?q=shop&limit=1")
    following = sarah.get(URL, query_string={"q": "shop", "limit": 1, "cursor": first.json["pagination"]["next_cursor"]})
    assert ids(first) + ids(following) == shops[:2]


def test_a_list_is_narrowed_by_the_id(sarah, three):
    assert ids(sarah.get(URL, query_string={"q": three[1]})) == [three[1]]
    assert ids(sarah.get(URL, query_string={"q": three[1][:-2].upper()})) == [three[1]]


@pytest.mark.parametrize("text", ["--", "'", "a & !b", "x:*|y", "req-"])
def test_any_text_may_be_searched_for(sarah, three, text):
    assert sarah.get(URL, query_string={"q": text}).status_code == 200


def test_a_list_is_narrowed_by_who_ordered(sarah, three):
    assert ids(sarah.get(f"{URL}?requester=bob-456")) == [three[1]]
    assert ids(sarah.get(f"{URL}?requester=nobody")) == []


def test_a_list_is_narrowed_by_when_it_was_sent(sarah, three):
    at = {one["request_id"]: one["created_at"] for one in sarah.get(URL).json["requests"]}
    second = at[three[1]]
    assert ids(sarah.get(URL, query_string={"created_after": second})) == [three[2], three[1]]
    assert ids(sarah.get(URL, query_string={"created_before": second})) == [three[0]]
    assert ids(sarah.get(f"{URL}?created_after={second}")) == [three[2], three[1]]  # the plus sign is a blank here
    assert ids(sarah.get(f"{URL}?created_after=2026-01-01&created_before=2026-01-02")) == []


def test_a_list_is_narrowed_by_the_batch_it_came_with(sarah, three):
    rows = [{"key": "a", "order": ALONE}]
    made = sarah.post(f"{URL}/batch", json={"mode": "all_or_nothing", "rows": rows}).json
    assert ids(sarah.get(f"{URL}?batch={made['batch_id']}")) == [made["results"][0]["request_id"]]


def test_somebody_elses_batch_narrows_to_nothing(sarah, bob, synced_catalog):
    rows = [{"key": "a", "order": ALONE}]
    made = sarah.post(f"{URL}/batch", json={"mode": "all_or_nothing", "rows": rows}).json
    assert ids(bob.get(f"{URL}?batch={made['batch_id']}")) == []


@pytest.mark.parametrize("filters", ["q=alone", "requester=sarah-123", "catalog=postgres-database", "created_after=2026-01-01"])
def test_no_filter_shows_a_stranger_anything(mallory, three, filters):
    assert ids(mallory.get(f"{URL}?{filters}")) == []


@pytest.mark.parametrize("text", ["yesterday", "2026-02-30", "20260816", "1", "2026-08-16T10:00:00"])
def test_what_is_no_moment_is_named(sarah, text):
    answer = sarah.get(f"{URL}?created_after={text}")
    assert [(fault["pointer"], fault["code"]) for fault in answer.json["errors"]] == [("/created_after", "format")]
