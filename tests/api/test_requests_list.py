"""GET /requests."""

import pytest

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
