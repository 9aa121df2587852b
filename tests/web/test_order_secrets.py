"""Secrets and files in the order form: never shown again, kept over every page, sent once."""

import html
import io
import json
import re
from typing import Any

import pytest
from sqlalchemy import select, text, update
from werkzeug.datastructures import FileStorage

from app.core.secrecy import MASK
from app.lifecycle.engine.scopes import Scopes
from app.models.tables import ITEM, REQUEST, REQUEST_FILE, SECRET, UPLOAD
from tests.fixtures.house import House, http, item

CANARY = "canary-4711"
FORM = "/order/items/single"
FIELDS = (
    "[{name: size, type: integer, required: true}, {name: password, type: secret, required: true, min_length: 8},"
    " {name: zone, type: selection, oneof: [a1, b2], sensitive: true}, {name: made, type: secret, generate: {length: 24}},"
    " {name: config, type: file, accept: [application/json], max_bytes: 1024},"
    " {name: login, type: object, fields: [{name: user, type: string}, {name: token, type: secret}]}]"
)
TYPED = {
    "item.size": "3",
    "item.password": CANARY,
    "item.zone": "b2",
    "item.login.user": "sarah-123",
    "item.login.token": "tok-" + CANARY,
}


@pytest.fixture
def sarah(house: House, signed_in: Any) -> Any:
    house.offer(single=item(http("make"), fields=FIELDS))
    return signed_in("sarah-123")


def fields_of(page: Any) -> dict[str, str]:
    """What the page would post again: hidden inputs and texts."""
    found = re.findall(
        r'<input (?:class="input" id="[^"]*" |type="hidden" )name="([^"]+)"(?: type="\w+")? value="([^"]*)"', page.text
    )
    return {name: html.unescape(value) for name, value in found if name != "csrf_token"}


def submit(browser: Any, **data: Any) -> Any:
    return browser.send(FORM, data)


def answers_of(house: House) -> dict[str, Any]:
    """The values that the steps of the one request see."""
    [request] = house.rows(select(REQUEST))
    with house.engine.connect() as connection:
        values: dict[str, Any] = Scopes(connection, request, house.vault).of("single")["parameters"]
    return values


def with_file(content: bytes, name: str = "config.json") -> dict[str, Any]:
    return {"item.config": FileStorage(io.BytesIO(content), name)}


def test_the_review_shows_masks_and_sends_what_was_typed(house: House, sarah: Any) -> None:
    review = submit(sarah, **TYPED)
    assert review.status_code == 200
    assert CANARY not in review.text
    carried = fields_of(review)
    assert (carried["item.password"], carried["item.zone"], carried["item.login.token"]) == (MASK, MASK, MASK)
    assert submit(sarah, do="send", **carried).status_code == 303
    kept = answers_of(house)
    assert (kept["password"], kept["zone"], kept["login"]) == (CANARY, "b2", {"user": "sarah-123", "token": "tok-" + CANARY})


def test_a_second_click_finds_the_first_ones_request(house: House, sarah: Any) -> None:
    carried = fields_of(submit(sarah, **TYPED))
    first, second = (submit(sarah, do="send", **carried) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]


def test_going_back_keeps_what_is_not_changed(house: House, sarah: Any) -> None:
    form = submit(sarah, do="change", **fields_of(submit(sarah, **TYPED)))
    assert (CANARY in form.text, fields_of(form)["item.password"]) == (False, MASK)
    review = submit(sarah, **fields_of(form) | {"item.size": "5", "item.zone": "a1"})
    submit(sarah, do="send", **fields_of(review))
    kept = answers_of(house)
    assert (kept["size"], kept["password"], kept["zone"], kept["login"]["token"]) == (5, CANARY, "a1", "tok-" + CANARY)


def test_a_wrong_answer_elsewhere_keeps_the_secret(house: House, sarah: Any) -> None:
    form = submit(sarah, **TYPED | {"item.size": "many"})
    assert (form.status_code, CANARY in form.text) == (422, False)
    review = submit(sarah, **fields_of(form) | {"item.size": "3"})
    submit(sarah, do="send", **fields_of(review))
    assert answers_of(house)["password"] == CANARY


def test_a_secret_that_is_wrong_is_asked_anew_without_a_word_of_it(sarah: Any) -> None:
    form = submit(sarah, **TYPED | {"item.password": "short"})
    assert (form.status_code, fields_of(form)["item.password"]) == (422, "")
    assert "Password must have at least 8 characters" in form.text
    assert "short" not in form.text


@pytest.mark.parametrize("spoilt", ["expired", "another", "none"])
def test_a_mask_that_stands_for_nothing_is_asked_anew(house: House, sarah: Any, signed_in: Any, spoilt: str) -> None:
    carried = fields_of(submit(sarah, **TYPED))
    if spoilt == "expired":
        with house.engine.begin() as connection:
            connection.execute(update(SECRET).values(expires_at=text("now() - interval '1 second'")))
    browser = signed_in("bob-456") if spoilt == "another" else sarah
    page = submit(browser, do="send", **carried | ({"held": "nonsense"} if spoilt == "none" else {}))
    assert page.status_code == 422
    assert "write the secret itself" in page.text
    assert house.rows(select(REQUEST)) == []


@pytest.mark.parametrize("do", ["template", "save", "json", "curl"])
def test_no_page_beside_the_form_shows_a_secret(sarah: Any, do: str) -> None:
    page = submit(sarah, do=do, **TYPED)
    assert page.status_code == 200
    assert CANARY not in page.text
    assert fields_of(page)["item.password"] == MASK


def test_a_pasted_secret_is_taken_and_not_shown(house: House, sarah: Any) -> None:
    pasted = json.dumps({"catalog_item": "single", "parameters": {"size": 4, "password": CANARY + "-2"}})
    form = submit(sarah, do="paste", pasted=pasted, **TYPED)
    assert CANARY not in form.text
    review = submit(sarah, **fields_of(form))
    submit(sarah, do="send", **fields_of(review))
    assert (answers_of(house)["password"], answers_of(house)["size"]) == (CANARY + "-2", 4)


def test_a_text_that_cannot_be_read_is_not_shown_where_it_may_hold_a_secret(sarah: Any) -> None:
    page = submit(sarah, do="paste", pasted=f'{{"password": "{CANARY}"', **TYPED)
    assert (page.status_code, CANARY in page.text) == (422, False)


def test_a_session_that_ended_brings_no_secret_back(sarah: Any, app: Any) -> None:
    page = app.test_client().post(FORM, data=TYPED | {"csrf_token": "old"})
    assert (page.status_code, CANARY in page.text) == (401, False)
    assert 'name="item.size"' in page.text


def test_a_file_stays_chosen_over_a_wrong_answer_and_the_review(house: House, sarah: Any) -> None:
    form = submit(sarah, **TYPED | {"item.size": "many"} | with_file(b'{"a": 1}'))
    assert "config.json, 8 bytes" in form.text
    review = submit(sarah, **fields_of(form) | {"item.size": "3"})
    assert "config.json, 8 bytes" in review.text
    submit(sarah, do="send", **fields_of(review))
    [upload] = house.rows(select(UPLOAD))
    assert answers_of(house)["config"] == upload.upload_id
    assert [row.upload_id for row in house.rows(select(REQUEST_FILE))] == [upload.id]
    [request] = house.rows(select(REQUEST))
    assert "config.json, 8 bytes" in sarah.get(f"/requests/{request.request_id}").text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"plain text", "must be a JSON document; by its content this file is text"),
        (b"[" + b" " * 1024 + b"]", "may have at most 1 KB"),
        (b"", "must not be an empty file"),
    ],
)
def test_a_file_that_does_not_fit_is_told_beside_its_field_and_not_kept(
    house: House, sarah: Any, content: bytes, words: str
) -> None:
    form = submit(sarah, **TYPED | with_file(content))
    assert form.status_code == 422
    assert f"Config {words}" in form.text
    assert house.rows(select(UPLOAD)) == []


def test_a_chosen_file_can_be_left_out_again(house: House, sarah: Any) -> None:
    form = submit(sarah, **TYPED | {"item.size": "many"} | with_file(b"{}"))
    review = submit(sarah, **fields_of(form) | {"item.size": "3", "drop.item.config": "on"})
    submit(sarah, do="send", **fields_of(review))
    assert answers_of(house)["config"] is None


def test_a_form_with_a_file_that_is_far_too_large_is_refused(house: House, sarah: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    config = house.settings.model_copy(update={"max_upload_bytes": 2048, "max_body_bytes": 4096})
    monkeypatch.setitem(house.app.config, "SETTINGS", config)
    assert submit(sarah, **TYPED | with_file(bytes(8000))).status_code == 413


def test_the_form_asks_for_secrets_and_files_with_the_right_controls(sarah: Any) -> None:
    page = sarah.get(FORM).text
    assert re.search(r'name="item.password" type="password" value=""[^>]* autocomplete="new-password"', page)
    assert 'name="item.config" type="file"' in page
    assert 'enctype="multipart/form-data"' in page


def test_columns_of_the_request_hold_masks(house: House, sarah: Any) -> None:
    submit(sarah, do="send", **fields_of(submit(sarah, **TYPED)))
    [row] = house.rows(select(ITEM))
    assert (row.parameters["password"], row.parameters["made"], row.parameters["zone"]) == (MASK, MASK, MASK)


def test_a_file_that_cannot_be_kept_now_costs_nobody_their_other_answers(
    house: House, sarah: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.without_files(monkeypatch)
    form = submit(sarah, **TYPED, **with_file(b"{}"))
    assert (form.status_code, fields_of(form)["item.size"], fields_of(form)["item.password"]) == (422, "3", MASK)
    assert "Config could not be kept: choose it again. The store of files does not answer" in form.text


PARTS = (
    "[{name: users, type: list, of: {type: object, fields: [{name: login, type: string},"
    " {name: token, type: secret, generate: {length: 20}}, {name: photo, type: file, accept: [application/json]}]}},"
    " {name: extra, type: object, fields: [{name: more, type: list, of: {type: file}}]}]"
)


@pytest.fixture
def parts(house: House, signed_in: Any) -> Any:
    """The browser of sarah, before an order whose lists and objects hold secrets and files."""
    house.offer(single=item(http("make"), fields=PARTS))
    return signed_in("sarah-123")


def chosen(**names: bytes) -> dict[str, Any]:
    """Files by the names of their controls, with `__` for dots."""
    return {
        f"item.{name.replace('__', '.')}": FileStorage(io.BytesIO(content), f"{name}.json") for name, content in names.items()
    }


def user(row: int, login: str, token: str = "") -> dict[str, str]:
    return {f"item.users.{row}.login": login, f"item.users.{row}.token": token}


def test_a_row_keeps_its_secret_when_another_one_goes(house: House, parts: Any) -> None:
    carried = fields_of(submit(parts, **user(0, "a", "first-" + CANARY), **user(1, "b", "second-" + CANARY)))
    review = submit(parts, **{**carried, "remove:item.users": "0"})
    assert submit(parts, do="send", **fields_of(review)).status_code == 303
    (row,) = answers_of(house)["users"]
    assert (row["login"], row["token"]) == ("b", "second-" + CANARY)


def test_a_secret_is_made_for_every_row_that_has_none(house: House, parts: Any) -> None:
    review = submit(parts, **user(0, "a"), **user(1, "b", "typed-" + CANARY))
    assert submit(parts, do="send", **fields_of(review)).status_code == 303
    made, typed = (row["token"] for row in answers_of(house)["users"])
    assert (len(made), typed) == (20, "typed-" + CANARY)


def test_files_of_rows_and_parts_are_ordered_by_their_names(house: House, parts: Any) -> None:
    files = chosen(users__1__photo=b'{"a": 1}', extra__more__0=b"text", extra__more__1=b"more")
    review = submit(parts, **user(0, "a"), **user(1, "b"), **files)
    assert "users__1__photo.json, 8 bytes" in review.text
    assert submit(parts, do="send", **fields_of(review)).status_code == 303
    kept, [request] = answers_of(house), house.rows(select(REQUEST))
    ids = [kept["users"][1]["photo"], *kept["extra"]["more"]]
    used = house.rows(select(UPLOAD.c.upload_id).join(REQUEST_FILE).where(REQUEST_FILE.c.request_id == request.id))
    assert (kept["users"][0]["photo"], sorted(ids)) == (None, sorted(row.upload_id for row in used))
    with house.engine.connect() as connection:
        seen = Scopes(connection, request, house.vault, file="/private/{}".format).of("single")["parameters"]
    assert (seen["users"][1]["photo"], seen["users"][0]["photo"]) == (f"/private/{ids[0]}", None)


def test_a_file_of_a_row_that_is_not_taken_is_told_at_its_row(parts: Any) -> None:
    page = submit(parts, **user(0, "a"), **user(4, "b"), **chosen(users__4__photo=b"no json"))
    assert page.status_code == 422
    assert 'href="#item-users-1-photo">Users 2, Photo must be' in page.text


def test_a_file_of_a_row_can_be_left_out_again(house: House, parts: Any) -> None:
    carried = fields_of(submit(parts, **user(0, "a"), **chosen(users__0__photo=b'{"a": 1}')))
    review = submit(parts, **carried, **{"drop.item.users.0.photo": "on"})
    submit(parts, do="send", **fields_of(review))
    assert [row["photo"] for row in answers_of(house)["users"]] == [None]


def test_the_script_hears_by_the_names_of_the_page_what_rows_ask_and_what_is_wrong(house: House, signed_in: Any) -> None:
    fields = (
        "[{name: tls, type: boolean}, {name: key, type: string, visible_when: tls}, {name: port, type: integer},"
        " {name: off, type: boolean, visible_when: not tls}]"
    )
    house.offer(single=item(http("make"), fields=f"[{{name: rules, type: list, of: {{type: object, fields: {fields}}}}}]"))
    posted = {"item.rules.2.port": "x", "item.rules.2.tls": "on", "item.rules.5.port": "1", "at:item.rules": ["2", "5", "6"]}
    told = submit(signed_in("sarah-123"), do="ask", **posted).json
    assert told["hidden"] == ["item-rules-2-off", "item-rules-5-key", "item-rules-6-key"]
    assert told["wrong"] == {"item-rules-2-port": ["Rules 1, Port must be a whole number."]}
