"""GET /catalog/{kind}/{name}/options/{field}."""

import json

import pytest

from app.catalog.options import Options
from app.outbound import Outbound
from tests.fixtures.house import http, item
from tests.steps.scripted import Answer, scripted

CITIES = [{"id": f"c-{number}", "name": f"City {number}"} for number in range(60)]


@pytest.fixture
def sarah(people, app, house, monkeypatch):
    monkeypatch.setitem(app.extensions, "options", Options(Outbound(["127.0.0.1"], allow_loopback=True)))
    with scripted(Answer(body=CITIES)) as source:
        spec = {"value": "id", "label": "name"}
        fields = [
            {"name": "title", "type": "string"},
            {"name": "city", "type": "selection", "options_from": {"url": f"{source.url}/", **spec}},
            {
                "name": "zone",
                "type": "selection",
                "options_from": {"url": f"{source.url}/{{{{ city }}}}", "depends_on": ["city"]},
            },
            {"name": "contact", "type": "user"},
        ]
        house.offer(make=item(http("make"), fields=json.dumps(fields)))
        yield people.api("sarah-123")


def options(client, field, query=""):
    return client.get(f"/api/v1/catalog/items/make/options/{field}{query}")


def test_choices_come_in_pages_with_their_number_and_their_age(sarah):
    body = options(sarah, "city").json
    assert (len(body["options"]), body["total"], body["problem"], body["needs"]) == (50, 60, None, [])
    assert body["options"][0] == {"value": "c-0", "label": "City 0"}
    assert body["as_of"] is not None


def test_choices_are_searched_by_value_and_label(sarah):
    assert [one["value"] for one in options(sarah, "city", "?q=CITY 59").json["options"]] == ["c-59"]
    assert options(sarah, "city", "?q=c-1&limit=3").json["total"] == 11


def test_a_list_that_hangs_on_another_answer_says_so(sarah):
    assert options(sarah, "zone").json["needs"] == ["city"]
    body = options(sarah, "zone", "?answer=city=c-1").json
    assert (body["needs"], body["problem"]) == (
        [],
        "the source of its choices gives no text of at most 200 characters for choice 1",
    )


def test_members_of_the_own_team_can_be_picked(sarah):
    found = options(sarah, "contact").json["options"]
    assert {"value": "bob-456", "label": "Bob"} in found
    assert "mallory-666" not in [one["value"] for one in found]


@pytest.mark.parametrize("field", ["title", "nothing"])
def test_a_field_without_such_a_list_has_none(sarah, field):
    assert options(sarah, field).status_code == 404
