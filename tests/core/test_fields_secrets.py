"""Secrets and files as fields: what their documents may say, and what is told of an answer."""

from typing import Any

import pytest
from pydantic import ValidationError

from app.core.fields import Field, check
from app.core.fields.attaching import judge_content
from app.core.fields.nesting import UnreadJson
from app.core.fields.sorts import sort_of
from app.core.secrecy import MASK

SECRET = {"name": "password", "type": "secret"}
SENSITIVE = {"name": "password", "type": "string", "sensitive": True}
FILE = {"name": "config", "type": "file"}
UPLOAD = "upl-abcdefghjkmnpqrstuvw"
CANARY = "canary-4711"


def told(definition: dict[str, Any], answer: Any) -> list[tuple[str, str]]:
    checked = check([Field.model_validate(definition)], {definition["name"]: answer})
    return [(one.code, one.message) for one in checked.faults]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"default": "s3cret"}, "may have no default: everybody reads the catalog"),
        ({"unique": {"within": "team"}}, "cannot be unique"),
        ({"format": "email"}, "does not go with type secret"),
        ({"generate": {"length": 4}}, "greater than or equal to 12"),
        ({"generate": {"length": 40}, "max_length": 32}, "min_length and max_length do not allow"),
        ({"generate": {"length": 16}, "min_length": 20}, "min_length and max_length do not allow"),
        ({"generate": {"length": 16}, "regexp": "^[0-9]+$"}, "its regexp does not allow"),
    ],
)
def test_a_definition_of_a_secret_that_makes_no_sense_is_a_fault(keys: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Field.model_validate({**SECRET, **keys})


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"default": UPLOAD}, "may have no default"),
        ({"accept": ["application/msword"]}, "Input should be"),
        ({"encoding": "latin-1"}, "Input should be"),
        ({"max_bytes": 0}, "greater than or equal to 1"),
    ],
)
def test_a_definition_of_a_file_that_makes_no_sense_is_a_fault(keys: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Field.model_validate({**FILE, **keys})


@pytest.mark.parametrize(
    ("definition", "answer", "code"),
    [
        (SECRET, 4711, "type"),
        ({**SECRET, "min_length": 20}, CANARY, "min_length"),
        ({**SECRET, "max_length": 5}, CANARY, "max_length"),
        ({**SECRET, "regexp": "^[a-z]+$"}, CANARY, "regexp"),
        ({**SENSITIVE, "regexp": "^[a-z]+$"}, CANARY, "regexp"),
        (SECRET, CANARY + "\x07", "format"),
        (SECRET, MASK, "masked"),
        (SENSITIVE, MASK, "masked"),
        ({**SECRET, "required": True}, "", "required"),
    ],
)
def test_a_fault_of_a_secret_names_the_rule_and_tells_nothing_of_it(definition: dict[str, Any], answer: Any, code: str) -> None:
    [(found, message)] = told(definition, answer)
    assert found == code
    assert not {"canary", "4711", "'", "hyphen", "digit"} & set(message.split())


@pytest.mark.parametrize("answer", [CANARY, "line\nline", "   "])
def test_a_secret_is_any_text(answer: str) -> None:
    assert told(SECRET, answer) == []


def test_what_the_server_makes_need_not_be_given() -> None:
    assert told({**SECRET, "required": True, "generate": {"length": 20}}, None) == []


def test_a_mask_is_a_text_like_any_other_where_nothing_is_secret() -> None:
    assert told({"name": "stars", "type": "string"}, MASK) == []


@pytest.mark.parametrize(("answer", "code"), [(3, "type"), ("config.json", "format"), ("upl-../../etc/passwd", "format")])
def test_an_answer_to_a_file_is_the_id_of_an_upload(answer: Any, code: str) -> None:
    assert [found for found, _ in told(FILE, answer)] == [code]
    assert told(FILE, UPLOAD) == []


@pytest.mark.parametrize(
    ("head", "is_text", "is_json", "sort"),
    [
        (b"%PDF-1.7\n", False, False, "application/pdf"),
        (b"\x89PNG\r\n\x1a\n....", False, False, "image/png"),
        (b"\xff\xd8\xff\xe0", False, False, "image/jpeg"),
        (b"PK\x03\x04....", False, False, "application/zip"),
        (b"\x1f\x8b\x08", False, False, "application/gzip"),
        (b'{"a": 1}', True, True, "application/json"),
        (b"-----BEGIN CERTIFICATE-----\n", True, False, "application/x-pem-file"),
        (b"name: value\n", True, False, "text/plain"),
        (b"MZ\x90\x00", False, False, "application/octet-stream"),
        (b"", True, False, "text/plain"),
    ],
)
def test_a_file_is_known_by_its_content(head: bytes, is_text: bool, is_json: bool, sort: str) -> None:
    assert sort_of(head, is_text=is_text, is_json=is_json) == sort


@pytest.mark.parametrize(
    ("keys", "size", "sort", "is_text", "words"),
    [
        ({"max_bytes": 1024}, 1025, "text/plain", True, "may have at most 1 KB"),
        ({"accept": ["image/png"]}, 9, "text/plain", True, "must be a PNG image; by its content this file is text"),
        ({"accept": ["text/plain"]}, 9, "application/octet-stream", False, "this file is none of the sorts that are known"),
        ({"encoding": "utf-8"}, 9, "application/octet-stream", False, "must be text in UTF-8"),
        ({"accept": ["text/plain"]}, 9, "application/json", True, None),
        ({"accept": ["application/octet-stream"]}, 9, "image/png", False, None),
        ({"max_bytes": 1024, "encoding": "utf-8"}, 1024, "text/plain", True, None),
    ],
)
def test_a_file_is_judged_by_size_and_content(
    keys: dict[str, Any], size: int, sort: str, is_text: bool, words: str | None
) -> None:
    faults = judge_content(Field.model_validate({**FILE, **keys}), size, sort, is_text=is_text)
    assert [words in one.message for one in faults if words] == ([True] if words else [])
    assert bool(faults) is bool(words)


PORTS = {"type": "object", "properties": {"port": {"type": "integer"}}, "additionalProperties": False}
INNER = [{"name": "user", "type": "string", "regexp": "^[a-z]+$"}, {"name": "more", "type": "json", "schema": PORTS}]
OPEN = {"name": "login", "type": "object", "fields": INNER}


@pytest.mark.parametrize(
    ("keys", "answer", "pointers"),
    [
        ({"type": "json", "schema": PORTS}, {CANARY: 1, "port": CANARY}, ["/login"]),
        ({"type": "json", "schema": PORTS}, UnreadJson(CANARY, f"has {CANARY} twice"), ["/login"]),
        ({"type": "object", "fields": INNER}, {CANARY: 1, "user": f"!{CANARY}"}, ["/login/user", "/login"]),
        ({"type": "object", "fields": INNER}, {"more": {CANARY: 1}}, ["/login/more"]),
        ({"type": "list", "of": OPEN}, [{"more": {CANARY: {CANARY: 1}}}, {CANARY: 2}], ["/login/0/more", "/login/1"]),
        ({"type": "list", "of": OPEN}, UnreadJson(CANARY, f"has {CANARY} twice"), ["/login"]),
    ],
)
def test_faults_of_something_secret_tell_neither_its_keys_nor_its_values(keys: Any, answer: Any, pointers: list[str]) -> None:
    checked = check([Field.model_validate({"name": "login", "sensitive": True, **keys})], {"login": answer})
    assert [one.pointer for one in checked.faults] == pointers
    assert CANARY not in str([one.as_json() for one in checked.faults])


def test_what_lies_beside_a_secret_still_says_what_is_wrong() -> None:
    field = Field.model_validate(
        {"name": "login", "type": "object", "fields": [SECRET, {"name": "more", "type": "json", "schema": PORTS}]}
    )
    (found,) = check([field], {"login": {"password": "x", "more": {"prt": 1}}}).faults
    assert (found.pointer, found.message) == ("/login/more/prt", "is not known here; there is port")
