"""The stand-in of the connection endpoint: what it promises to those who develop against it."""

import threading

import pytest

from dev.standins.connections import create_app


@pytest.fixture
def client():
    return create_app().test_client()


def connect(client, key="key-1", **body):
    return client.post("/v1/connections", json=body, headers={"Idempotency-Key": key} if key else {})


def test_it_is_healthy(client):
    assert client.get("/health").status_code == 200


def test_a_connection_is_made_and_can_be_read(client):
    made = connect(client, application="customer-portal")
    assert made.status_code == 201
    assert made.json["status"] == "configured"
    read = client.get(made.headers["Location"]).json
    assert (read["connection_id"], read["request"]) == (made.json["connection_id"], {"application": "customer-portal"})


def test_the_same_key_answers_the_same_again(client):
    assert connect(client).json == connect(client).json
    assert [call["key"] for call in client.get("/_log").json["calls"]] == ["key-1", "key-1"]


def test_another_key_makes_another_connection(client):
    assert connect(client).json != connect(client, "key-2").json


def test_the_same_key_at_the_same_time_makes_one_connection():
    app, answers = create_app(), []
    threads = [threading.Thread(target=lambda: answers.append(connect(app.test_client()).json)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({answer["connection_id"] for answer in answers}) == 1


def test_the_same_key_with_another_body_is_refused(client):
    connect(client, application="customer-portal")
    assert connect(client, application="another").status_code == 422


def test_a_call_without_a_key_or_an_object_is_refused(client):
    assert connect(client, key=None).status_code == 400
    assert client.post("/v1/connections", json=[1], headers={"Idempotency-Key": "k"}).status_code == 400


def test_it_fails_as_often_as_it_is_told_to(client):
    client.post("/_control", json={"behaviour": "fail", "times": 2, "status": 429, "retry_after": 3})
    answers = [connect(client) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 201]
    assert answers[0].headers["Retry-After"] == "3"


def test_it_forgets_what_it_was_told(client):
    client.post("/_control", json={"behaviour": "fail", "times": 9})
    client.delete("/_control")
    assert connect(client).status_code == 201


@pytest.mark.parametrize("told", [{"behaviour": "dance"}, {"behaviour": "fail", "colour": "red"}, {}])
def test_what_it_cannot_do_is_refused(client, told):
    assert client.post("/_control", json=told).status_code == 400


def test_what_does_not_exist_is_not_found(client):
    assert client.get("/v1/connections/conn-none").status_code == 404
