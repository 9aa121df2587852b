"""GET /requests as CSV."""

import csv
import io
from datetime import UTC

import pytest

from app.queries import request_lists
from app.queries.request_export import export
from app.queries.request_lists import Filters
from tests.fixtures.house import http, item

URL = "/api/v1/requests"


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def placed_three(house):
    house.offer(pair=item(http("one"), fields="[{name: title, type: string, required: true, max_length: 60}]"))
    return [house.order({"catalog_item": "pair", "parameters": {"title": title}}).request_id for title in ("a", "b", "c")]


@pytest.mark.parametrize("asked", [{"query_string": {"format": "csv"}}, {"headers": {"Accept": "text/csv"}}])
def test_a_list_is_csv_when_csv_is_asked_for(sarah, placed, asked):
    answer = sarah.get(URL, **asked)
    assert answer.mimetype == "text/csv"
    (row,) = table(answer.text)
    assert (row["request_id"], row["entry"], row["requester"]) == (placed, "full-stack-web-app", "sarah-123")
    assert (row["steps_done"], row["steps"], row["completed_at"]) == ("0", "5", "")


def test_json_is_answered_to_those_who_take_anything(sarah, placed):
    assert sarah.get(URL, headers={"Accept": "*/*"}).mimetype == "application/json"


def test_filters_narrow_an_export(sarah, placed):
    assert table(sarah.get(f"{URL}?format=csv&status=completed").text) == []


def test_strangers_export_nothing(mallory, placed):
    assert table(mallory.get(f"{URL}?format=csv").text) == []


def exported(house, most: int) -> list[dict[str, str]]:
    return table("".join(export(house.engine, house.caller("sarah-123").person, Filters(), UTC, most=most)))


def test_an_export_is_read_piece_by_piece(house, placed_three, monkeypatch):
    monkeypatch.setattr(request_lists, "AT_ONCE", 2)
    assert [row["request_id"] for row in exported(house, 10)] == list(reversed(placed_three))


def test_an_export_that_ends_early_says_so(house, placed_three):
    rows = exported(house, 2)
    assert [row["request_id"] for row in rows[:2]] == [placed_three[2], placed_three[1]]
    assert rows[2]["request_id"].startswith("These are the newest 2 requests; the next ones were sent before 20")


def test_an_export_that_just_fits_says_nothing(house, placed_three):
    assert len(exported(house, 3)) == 3


@pytest.mark.parametrize("title", ["=1+1", "+1", "-1", "@x", "=cmd|'/c calc'!A1"])
def test_no_cell_is_a_formula(house, title):
    house.offer(pair=item(http("one"), fields="[{name: title, type: string, required: true, max_length: 60}]"))
    house.order({"catalog_item": "pair", "parameters": {"title": title}})
    assert exported(house, 10)[0]["title"] == "'" + title
