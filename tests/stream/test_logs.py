"""A log as it grows."""

import pytest
from sqlalchemy import insert

from app.core.outcomes import Done
from app.models.tables import LOG


@pytest.fixture
def write(house):
    """Writes so many lines of the first attempt of step `one`, from a number on."""

    def lines(first: int, many: int) -> None:
        row = {"step_id": house.step("one").id, "attempt_number": 1}
        with house.engine.begin() as connection:
            connection.execute(
                insert(LOG), [row | {"number": number, "line": f"line {number}"} for number in range(first, first + many)]
            )

    return lines


def url(request_id: str, query: str = "") -> str:
    return f"/api/v1/requests/{request_id}/steps/step-001/logs/stream{query}"


def test_lines_come_as_they_are_written_and_end_with_the_attempt(portal, sarah, house, request_id, write):
    claim = house.must_claim()
    write(1, 2)
    stream = portal.sse(url(request_id), sarah)
    assert [line["text"] for line in stream.take(2)] == ["line 1", "line 2"]
    write(3, 1)
    said = stream.next()
    assert (said.id, said.data["number"]) == ("3", 3)
    house.record(claim, Done({}))
    assert stream.rest() == []


def test_a_long_log_has_no_holes(portal, sarah, house, request_id, write):
    house.must_claim()
    write(1, 1500)
    assert [line["number"] for line in portal.sse(url(request_id), sarah).take(1500)] == list(range(1, 1501))


def test_a_log_goes_on_after_a_line(portal, sarah, house, request_id, write):
    house.must_claim()
    write(1, 3)
    assert portal.sse(url(request_id, "?after=2"), sarah).next().data["number"] == 3
    assert portal.sse(url(request_id), sarah, Last_Event_ID="2").next().data["number"] == 3


def test_the_log_of_an_attempt_that_is_over_is_told_and_ends(portal, sarah, house, request_id, write):
    write_claim = house.must_claim()
    write(1, 2)
    house.record(write_claim, Done({}))
    assert len(portal.sse(url(request_id), sarah).rest()) == 2
    assert portal.get(url(request_id, "?after=2"), sarah) == (204, None)


def test_lines_are_told_as_the_api_shows_them(portal, sarah, house, request_id, write):
    house.must_claim()
    write(1, 1)
    streamed = portal.sse(url(request_id), sarah).next().data
    _, page = portal.get(f"/api/v1/requests/{request_id}/steps/step-001/logs", sarah)
    assert page["lines"] == [streamed]


def test_nobody_follows_a_log_they_may_not_see(portal, people, request_id):
    assert portal.get(url(request_id), people.token_of("mallory-666"))[0] == 404


@pytest.mark.parametrize("query", ["?attempt=1", "?attempt=0", "?after=x"])
def test_a_log_that_is_not_there_cannot_be_followed(portal, sarah, request_id, query):
    assert portal.get(url(request_id, query), sarah)[0] in (404, 422)
