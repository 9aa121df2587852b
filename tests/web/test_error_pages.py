"""Errors of pages say what happened and what to do, with the status they have."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.errors import NotFound, SignInNeeded, Unavailable
from app.web.errors import expected, unexpected


def test_an_address_that_leads_nowhere_is_404(client: FlaskClient) -> None:
    answer = client.get("/nowhere")
    assert (answer.status_code, "There is nothing here" in answer.text) == (404, True)


def test_a_way_that_an_address_does_not_take_is_405(client: FlaskClient) -> None:
    answer = client.delete("/signed-out", headers={"Origin": "http://127.0.0.1:8000"})
    assert (answer.status_code, "cannot be used that way" in answer.text) == (405, True)


@pytest.mark.parametrize(
    ("error", "words"),
    [(SignInNeeded(), "Sign in first"), (NotFound("No such thing."), "nothing here"), (Unavailable(), "not ready")],
)
def test_a_foreseen_error_has_its_page(app: Flask, error: Exception, words: str) -> None:
    with app.test_request_context("/x"):
        page, status, headers = expected(error)
    assert words in page
    assert status == error.status
    assert headers.get("Retry-After") == ("5" if status == 503 else None)


def test_a_bug_is_told_without_its_trace(app: Flask) -> None:
    with app.test_request_context("/x"):
        page, status, _ = unexpected(RuntimeError("canary-4711"))
    assert status == 500
    assert "canary" not in page
