"""Bodies that cannot be read, or not be kept: one clear problem each, and nothing is written."""

import io
import threading
from http.client import HTTPConnection

import pytest
from werkzeug.serving import make_server

URL = "/api/v1/requests"
DEEP = 70


def post(client, data, kind="application/json", **more):
    return client.post(URL, data=data, content_type=kind, **more)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "line 1, column 2"),
        ('{\n  "catalog_bundle": }', "line 2, column 21"),
        ("", "line 1, column 1"),
        ('{"a": 1}{', "line 1, column 9"),
        ('{"a": 1, "a": 2}', "“a” twice"),
        ('{"a": {"b": 1, "b": 1}}', "“b” twice"),
        ('{"a": NaN}', "NaN"),
        ('{"a": -Infinity}', "-Infinity"),
        ('{"a": 1e999}', "too large"),
        ('{"a": ' + "9" * 5000 + "}", "too many digits"),
        ("[" * DEEP + "]" * DEEP, "more than 64 levels"),
        ("[" * 50_000, "more than 64 levels"),
        ('{"a":' * DEEP + "1" + "}" * DEEP, "more than 64 levels"),
        (b'{"a": "\xff"}', "not UTF-8 text: see byte 7"),
        (b"\xef\xbb\xbf{}", "line 1, column 1"),
    ],
)
def test_what_is_no_json_is_malformed_and_the_place_is_named(sarah, text, words):
    answer = post(sarah, text)
    assert (answer.status_code, answer.json["code"]) == (400, "malformed")
    assert words in answer.json["detail"]


@pytest.mark.parametrize("text", ["[]", '"text"', "7", "null", "true"])
def test_what_is_no_object_is_invalid(sarah, text):
    answer = post(sarah, text)
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "")


def test_a_body_may_be_64_levels_deep(sarah):
    assert post(sarah, '{"a":' * 63 + "{}" + "}" * 63).status_code == 422


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_another_content_type_is_refused(sarah, kind):
    answer = post(sarah, '{"catalog_bundle": "x"}', kind)
    assert (answer.status_code, answer.json["code"]) == (415, "unsupported_media_type")


def test_a_charset_may_be_named(sarah):
    assert post(sarah, "{}", "application/json; charset=utf-8").status_code == 422


def test_a_large_body_is_refused(sarah):
    answer = post(sarah, b'{"a": "' + b"x" * 5_000_000 + b'"}')
    assert (answer.status_code, answer.json["code"]) == (413, "too_large")


def test_a_large_body_of_unknown_length_is_refused(sarah):
    body = io.BytesIO(b'{"a": "' + b"x" * 5_000_000 + b'"}')
    answer = sarah.post(
        URL, input_stream=body, content_type="application/json", environ_overrides={"wsgi.input_terminated": True}
    )
    assert answer.status_code == 413


def test_a_refused_body_is_read_away_so_that_the_refusal_arrives(sarah):
    body = io.BytesIO(b"x" * 5_000_000)
    sarah.post(URL, input_stream=body, content_type="application/json", content_length=5_000_000)
    assert body.tell() == 5_000_000


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (r'{"catalog_bundle": "a\u0000b"}', "/catalog_bundle"),
        (r'{"bundle_parameters": {"a": [1, "\ud800"]}}', "/bundle_parameters/a/1"),
        (r'{"bundle_parameters": {"\u0000": 1}}', "/bundle_parameters"),
    ],
)
def test_text_that_no_database_keeps_is_invalid(sarah, text, place):
    answer = post(sarah, text)
    assert answer.status_code == 422
    assert [(fault["pointer"], fault["code"]) for fault in answer.json["errors"]] == [(place, "characters")]


def test_a_number_of_many_digits_is_kept_or_refused_never_a_bug(sarah, synced_catalog):
    order = (
        '{"catalog_item": "postgres-database", "parameters": {"database_name": "x", "allocated_storage": ' + "9" * 400 + "}}"
    )
    assert post(sarah, order).json["errors"][0]["code"] == "max_value"


def test_pointers_escape_what_pointers_must(sarah):
    answer = sarah.post(URL, json={"a/b~c": 1})
    assert "/a~1b~0c" in [fault["pointer"] for fault in answer.json["errors"]]


@pytest.mark.parametrize(("body", "status"), [(b"x" * 5_000_000, 413), (b"{", 400)])
def test_over_a_real_connection_the_refusal_of_a_body_arrives(app, people, body, status):
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
        headers = {"Authorization": f"Bearer {people.token_of('sarah-123')}", "Content-Type": "application/json"}
        connection.request("POST", URL, body, headers)
        assert connection.getresponse().status == status
        connection.close()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
