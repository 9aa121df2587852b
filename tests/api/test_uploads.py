"""Sending files before the order that names them: told by content, counted while they arrive, refused with a sentence."""

import io
from typing import Any

import pytest
from sqlalchemy import select

from app.models.tables import CHUNK, FILE, UPLOAD
from tests.fixtures.house import House, http, item

TEXT = b"name: value\n"
BINARY = "application/octet-stream"
CONFIG = "[{name: config, type: file, required: true, accept: [application/json], max_bytes: 100}]"


def send(sarah: Any, content: bytes = TEXT, query: str = "?name=values.yaml", kind: str = BINARY) -> Any:
    return sarah.post("/api/v1/uploads" + query, data=content, content_type=kind)


def test_a_file_sent_alone_is_told_by_its_content(sarah: Any) -> None:
    answer = send(sarah, b'{"a": 1}')
    assert answer.status_code == 201
    told = answer.json
    assert (told["name"], told["size"], told["media_type"], told["encoding"]) == ("values.yaml", 8, "application/json", "utf-8")
    assert answer.headers["Location"] == told["href"]
    assert sarah.get(told["href"]).json == told


def test_a_file_in_a_form_brings_its_name(sarah: Any) -> None:
    form = {"file": (io.BytesIO(TEXT), "../values.yaml")}
    told = sarah.post("/api/v1/uploads", data=form, content_type="multipart/form-data").json
    assert (told["name"], told["media_type"]) == ("values.yaml", "text/plain")


def test_the_same_content_has_the_same_hash_and_another_id(sarah: Any) -> None:
    first, second = send(sarah).json, send(sarah).json
    assert first["sha256"] == second["sha256"]
    assert first["upload_id"] != second["upload_id"]


@pytest.mark.parametrize(
    ("content", "query", "kind", "status", "words"),
    [
        (b"", "", BINARY, 422, "must not be empty"),
        (TEXT, "", "application/json", 415, "Content-Type: application/octet-stream"),
        (TEXT, "", "", 415, "Content-Type: application/octet-stream"),
        (b"--x\r\n\r\n--x--\r\n", "", "multipart/form-data; boundary=x", 422, "must be sent as the part file"),
        (TEXT, "?name=", BINARY, 422, "name"),
        (TEXT, "?names=x", BINARY, 422, "names"),
        (TEXT, "?name=" + "x" * 201, BINARY, 422, "name"),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_and_not_kept(
    house: House, sarah: Any, content: bytes, query: str, kind: str, status: int, words: str
) -> None:
    answer = send(sarah, content, query, kind)
    assert (answer.status_code, words in answer.text) == (status, True)
    assert house.rows(select(FILE)) == house.rows(select(UPLOAD)) == []


@pytest.mark.parametrize("form", [False, True])
def test_a_file_that_is_too_large_is_refused_and_not_kept(house: House, portal: Any, form: bool) -> None:
    content = bytes(2049)
    data = {"file": (io.BytesIO(content), "big")} if form else content
    kind = "multipart/form-data" if form else BINARY
    answer = portal(max_upload_bytes=2048)("sarah-123").post("/api/v1/uploads", data=data, content_type=kind)
    assert (answer.status_code, answer.json["code"]) == (413, "too_large")
    assert house.rows(select(CHUNK)) == []


def test_a_body_that_says_it_is_far_too_large_is_not_even_read(portal: Any) -> None:
    sarah = portal(max_upload_bytes=2048)("sarah-123")
    assert send(sarah, bytes(2048 + 65_537)).status_code == 413


def test_an_order_names_its_file_and_a_wrong_one_is_a_fault(house: House, sarah: Any) -> None:
    house.offer(single=item(http("make"), fields=CONFIG))
    good, text, long = (send(sarah, content).json["upload_id"] for content in (b"{}", TEXT, b"[" + b" " * 100 + b"]"))
    codes = {}
    for answer in (good, text, long, "upl-" + "a" * 20, "values.yaml", 3, None):
        body = {"catalog_item": "single", "parameters": {"config": answer}}
        codes[answer] = [one["code"] for one in sarah.post("/api/v1/requests/validate", json=body).json["errors"]]
    assert list(codes.values()) == [[], ["accept"], ["max_bytes"], ["unknown_upload"], ["format"], ["type"], ["required"]]


def test_who_sees_the_request_sees_its_file(house: House, sarah: Any, people: Any) -> None:
    house.offer(single=item(http("make"), fields=CONFIG))
    sent = send(sarah, b"{}").json
    assert people.api("bob-456").get(sent["href"]).status_code == 404
    order = {"catalog_item": "single", "parameters": {"config": sent["upload_id"]}}
    assert sarah.post("/api/v1/requests", json=order).status_code == 201
    assert people.api("bob-456").get(sent["href"]).status_code == 200
    assert people.api("mallory-666").get(sent["href"]).status_code == 404


def test_a_store_that_does_not_answer_is_a_503_that_says_when_to_come_again(
    house: House, sarah: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.without_files(monkeypatch)
    answer = send(sarah)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "The store of files does not answer right now" in answer.json["detail"]
    monkeypatch.undo()
    assert send(sarah).status_code == 201
