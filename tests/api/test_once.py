"""What is made under an Idempotency-Key is made once: the same call again is answered the same, another one is refused."""

import threading
from datetime import date

import pytest
from sqlalchemy import select, text, update

from app.dispatch import Doorbell
from app.jobs.housekeeping import tidy
from app.models import AccessToken
from app.models.tables import CALL, COMMENT, DRAFT, TEMPLATE, UPLOAD
from tests.fixtures.house import http, item

ORDER = {"catalog_item": "cache", "parameters": {"name": "portal"}}
KEY = {"Idempotency-Key": "one"}
MAKING = {
    "draft": ("/api/v1/drafts", {"order": ORDER}, {"order": ORDER, "title": "other"}, DRAFT),
    "template": ("/api/v1/templates", {"order": ORDER, "name": "a"}, {"order": ORDER, "name": "b"}, TEMPLATE),
}


@pytest.fixture
def cache(house, people):
    house.offer(cache=item(http("make"), fields="[{name: name, type: string, required: true}]", name="Cache"))
    return house


@pytest.mark.parametrize("what", MAKING)
def test_the_same_call_makes_nothing_more_and_is_answered_the_same(cache, sarah, what):
    path, body, _, table = MAKING[what]
    first = sarah.post(path, json=body, headers=KEY)
    sarah.put(first.json["href"], json={**body, "revision": 1})
    again = sarah.post(path, json=dict(reversed(body.items())), headers=KEY)
    assert (again.status_code, again.data, again.headers["ETag"]) == (201, first.data, first.headers["ETag"])
    assert again.headers["Location"] == first.headers["Location"]
    assert len(cache.rows(select(table))) == 1


@pytest.mark.parametrize("what", MAKING)
def test_another_call_under_the_key_is_refused_and_other_keys_and_callers_are_not(cache, sarah, bob, what):
    path, body, other, table = MAKING[what]
    sarah.post(path, json=body, headers=KEY)
    refused = sarah.post(path, json=other, headers=KEY)
    assert (refused.status_code, refused.json["code"]) == (409, "idempotency_key_reused")
    assert bob.post(path, json=other, headers=KEY).status_code == 201
    assert sarah.post(path, json=other, headers={"Idempotency-Key": "two"}).status_code == 201
    assert len(cache.rows(select(table))) == 3


def test_a_refused_call_does_not_use_its_key_up(cache, sarah):
    assert sarah.post("/api/v1/drafts", json={"order": {}}, headers=KEY).status_code == 422
    assert sarah.post("/api/v1/drafts", json={"order": ORDER}, headers=KEY).status_code == 201


def test_a_strange_key_is_a_fault(cache, sarah):
    refused = sarah.post("/api/v1/drafts", json={"order": ORDER}, headers={"Idempotency-Key": "a b"})
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "Idempotency-Key")


def test_a_comment_is_written_once(ticket, carol, house):
    path = f"/api/v1/tickets/{ticket}/comments"
    first, again = (carol.post(path, json={"text": "Looking."}, headers=KEY) for _ in range(2))
    assert (first.status_code, again.status_code, again.json) == (201, 201, first.json)
    assert len(house.rows(select(COMMENT))) == 1


def test_a_file_is_sent_once_whatever_its_form(house, sarah):
    sent = {"content_type": "application/octet-stream", "headers": KEY}
    first = sarah.post("/api/v1/uploads?name=a.txt", data=b"one", **sent)
    again = sarah.post("/api/v1/uploads?name=a.txt", data=b"one", **sent)
    assert (again.status_code, again.json) == (201, first.json)
    assert sarah.post("/api/v1/uploads?name=a.txt", data=b"two", **sent).status_code == 409
    assert len(house.rows(select(UPLOAD))) == 1


def test_a_token_is_made_once_and_its_text_is_not_kept_to_be_told_again(sarah, house):
    made = sarah.post("/api/v1/tokens", json={"name": "ci"}, headers=KEY).json
    again = sarah.post("/api/v1/tokens", json={"name": "ci"}, headers=KEY)
    assert (again.status_code, again.json["code"]) == (409, "shown_once")
    assert made["token_id"] in again.json["detail"]
    assert len(house.rows(select(AccessToken).where(AccessToken.name == "ci"))) == 1
    assert made["token"] not in str(house.rows(select(CALL)))


def test_what_is_kept_of_an_answer_is_encrypted(cache, sarah):
    sarah.post("/api/v1/drafts", json={"order": ORDER}, headers=KEY)
    (row,) = cache.rows(select(CALL))
    assert b"portal" not in row.answer
    assert "portal" not in row.mark


def test_of_two_that_race_one_makes_it_and_both_are_answered_the_same(cache, people):
    answers = []
    racers = [
        threading.Thread(
            target=lambda: answers.append(people.api("sarah-123").post("/api/v1/drafts", json={"order": ORDER}, headers=KEY))
        )
        for _ in range(2)
    ]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json == answers[1].json


def test_after_a_week_a_key_is_free_again(cache, sarah):
    bell = Doorbell(cache.settings.redis_url)
    for ago, rows in (("6 days", 1), ("8 days", 0)):
        sarah.post("/api/v1/drafts", json={"order": ORDER}, headers=KEY)
        with cache.engine.begin() as connection:
            connection.execute(update(CALL).values(created_at=text(f"now() - interval '{ago}'")))
        tidy(cache.engine, bell, cache.files, date(2026, 11, 24))
        assert len(cache.rows(select(CALL))) == rows
    bell.close()
