"""`X-Request-ID`, in and out."""

import re

import pytest


def test_a_plain_id_is_taken(sarah):
    answer = sarah.get("/api/v1/me", headers={"X-Request-ID": "build-7.retry_2"})
    assert answer.headers["X-Request-ID"] == "build-7.retry_2"


@pytest.mark.parametrize("given", ["", "two words", "x" * 65, "a/b", "<script>", "käse"])
def test_another_one_is_replaced(sarah, given):
    answer = sarah.get("/api/v1/me", headers={"X-Request-ID": given})
    assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["X-Request-ID"])


def test_every_call_has_its_own(sarah):
    ids = {sarah.get("/api/v1/me").headers["X-Request-ID"] for _ in range(3)}
    assert len(ids) == 3


def test_a_refusal_of_an_unknown_path_has_one_too(nobody):
    answer = nobody.get("/api/v1/nothing")
    assert answer.headers["X-Request-ID"] == answer.json["request_id"]
