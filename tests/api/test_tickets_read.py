"""GET /tickets, /tickets/{id} and its comments."""

import pytest

from tests.api.conftest import CONFLICT, STORY, work

URL = "/api/v1/tickets"


def ids(answer):
    return [ticket["ticket_id"] for ticket in answer.json["tickets"]]


@pytest.fixture
def second(ticket, sarah, house):
    """The id of a later ticket, of an application that could not be built."""
    request = sarah.post("/api/v1/requests", json=STORY).json["request_id"]
    work(house, "provision_eks_app")
    (found,) = ids(sarah.get(f"{URL}?request_id={request}"))
    return found


def test_a_ticket_shows_all_that_is_needed(carol, stuck, ticket):
    body = carol.get(f"{URL}/{ticket}").json
    assert (body["request_id"], body["step_id"], body["step_name"]) == (stuck, "step-002", "provision_postgres")
    assert (body["status"], body["owner_team"], body["claimed_by"], body["external"]) == (
        "open",
        "platform-data-team",
        None,
        None,
    )
    assert body["error"] == {"type": CONFLICT.kind, "message": CONFLICT.message, "details": CONFLICT.details}
    assert "customer_portal_db" in body["title"]


def test_the_form_asks_for_the_declared_outputs_and_offers_defaults(carol, ticket):
    fields = {field["name"]: field for field in carol.get(f"{URL}/{ticket}").json["outputs_form"]["fields"]}
    assert set(fields) == {"address", "port", "admin_secret_arn"}
    assert (fields["port"]["type"], fields["port"]["default"], fields["address"]["required"]) == ("integer", 5432, True)


def test_whoever_may_work_it_is_told_so(carol, sarah, ticket):
    assert carol.get(f"{URL}/{ticket}").json["can_work"] is True
    assert sarah.get(f"{URL}/{ticket}").json["can_work"] is False


def test_the_oldest_comes_first(sarah, ticket, second):
    assert ids(sarah.get(URL)) == [ticket, second]


def test_the_queue_is_narrowed_by_state(carol, ticket):
    assert ids(carol.get(f"{URL}?status=open")) == [ticket]
    assert ids(carol.get(f"{URL}?status=claimed,resolved")) == []


def test_the_queue_is_narrowed_by_team(sarah, ticket, second):
    assert ids(sarah.get(f"{URL}?owner_team=platform-compute-team")) == [second]


def test_the_queue_is_narrowed_by_who_took_it(carol, dana, ticket):
    carol.post(f"{URL}/{ticket}/claim")
    assert (ids(carol.get(f"{URL}?mine=true")), ids(dana.get(f"{URL}?mine=true"))) == ([ticket], [])


def test_the_queue_is_narrowed_by_request(sarah, stuck, ticket, second):
    assert ids(sarah.get(f"{URL}?request_id={stuck}")) == [ticket]


def test_pages_hold_everything_once(sarah, ticket, second):
    first = sarah.get(f"{URL}?limit=1")
    rest = sarah.get(f"{URL}?limit=1&cursor={first.json['pagination']['next_cursor']}")
    assert ids(first) + ids(rest) == [ticket, second]


def test_strangers_see_no_tickets(mallory, ticket):
    assert ids(mallory.get(URL)) == []


def test_an_unknown_state_is_named(carol):
    assert carol.get(f"{URL}?status=open,lost").json["errors"][0]["pointer"] == "/status/1"


def test_an_unknown_ticket_is_not_found(carol):
    assert carol.get(f"{URL}/TCK-9").status_code == 404


# Comments


def test_a_ticket_begins_without_comments(sarah, ticket):
    assert sarah.get(f"{URL}/{ticket}/comments").json == {"ticket_id": ticket, "comments": []}


def test_both_sides_talk(sarah, carol, ticket):
    answer = carol.post(f"{URL}/{ticket}/comments", json={"text": "Is anybody using the old group?"})
    sarah.post(f"{URL}/{ticket}/comments", json={"text": "No."})
    assert (answer.status_code, answer.json["author"], answer.json["text"]) == (201, "Carol", "Is anybody using the old group?")
    said = sarah.get(f"{URL}/{ticket}/comments").json["comments"]
    assert [(comment["author"], comment["text"]) for comment in said] == [
        ("Carol", "Is anybody using the old group?"),
        ("Sarah", "No."),
    ]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, ("/text", "required")),
        ({"text": ""}, ("/text", "min_length")),
        ({"text": "  "}, ("/text", "length")),
        ({"text": "x" * 10_001}, ("/text", "max_length")),
        ({"text": "a\x00b"}, ("/text", "characters")),
        ({"text": "\ud800"}, ("/text", "characters")),
        ({"text": "x", "author": "dana-001"}, ("/author", "unknown_field")),
    ],
)
def test_a_comment_that_is_none_is_refused(sarah, ticket, body, place):
    answer = sarah.post(f"{URL}/{ticket}/comments", json=body)
    assert [(fault["pointer"], fault["code"]) for fault in answer.json["errors"]] == [place]
    assert sarah.get(f"{URL}/{ticket}/comments").json["comments"] == []
