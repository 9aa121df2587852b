"""Files that people upload: kept once, in parts, for those who see them, as long as somebody uses them."""

import io
from typing import Any

import pytest
from sqlalchemy import select, text, update

from app.core.statuses import RequestStatus
from app.errors import Invalid, NotFound, TooLarge
from app.lifecycle.files import uploads
from app.lifecycle.files.store import CHUNK_BYTES
from app.models.tables import CHUNK, FILE, REQUEST, UPLOAD
from tests.fixtures.house import House, http, item

LONG = b"canary-4711\n" * 60_000
FIELDS = "[{name: config, type: file, required: true, max_bytes: 1024, accept: [text/plain], encoding: utf-8}]"
YESTERDAY = text("now() - interval '25 hours'")


def upload(
    house: House, content: bytes = b"name: value\n", who: str = "sarah-123", name: str = "values.yaml"
) -> uploads.Uploaded:
    caller, received = house.caller(who), uploads.receive(io.BytesIO(content), 10_000_000)
    with received.content:
        return uploads.keep(house.unit, house.files, caller, name, received)


def order(house: House, answer: Any, who: str = "sarah-123") -> str:
    return house.order({"catalog_item": "single", "parameters": {"config": answer}}, who).request_id


@pytest.fixture
def single(house: House) -> House:
    house.offer(single=item(http("make"), fields=FIELDS))
    return house


def test_a_file_comes_back_as_it_was_sent(house: House) -> None:
    made = upload(house, LONG)
    assert b"".join(house.files.read(made.sha256)) == LONG
    assert made.size == len(LONG)


def test_a_file_lies_in_encrypted_parts(house: House) -> None:
    upload(house, LONG)
    parts = [row.ciphertext for row in house.rows(select(CHUNK.c.ciphertext))]
    assert len(parts) == -(-len(LONG) // CHUNK_BYTES)
    assert not any(b"canary" in part for part in parts)


def test_the_same_content_is_kept_once(house: House) -> None:
    first, second = upload(house), upload(house, who="bob-456", name="other.yaml")
    assert first.upload_id != second.upload_id
    assert (first.sha256, len(house.rows(select(FILE)))) == (second.sha256, 1)


@pytest.mark.parametrize(
    ("content", "media_type", "is_text"),
    [
        (b'{"a": [1]}', "application/json", True),
        (b"{not json", "text/plain", True),
        ("größer\n".encode(), "text/plain", True),
        ("größer\n".encode("latin-1"), "application/octet-stream", False),
        (b"a\x00b", "application/octet-stream", False),
        ("ü".encode()[:1], "application/octet-stream", False),
        (b"%PDF-1.7 ...", "application/pdf", True),
        (b"-----BEGIN CERTIFICATE-----\nMII=\n", "application/x-pem-file", True),
        (b"[" * 100_000, "text/plain", True),
    ],
)
def test_a_file_is_what_its_content_says(content: bytes, media_type: str, is_text: bool) -> None:
    received = uploads.receive(io.BytesIO(content), 1_000_000)
    received.content.close()
    assert (received.media_type, received.is_text) == (media_type, is_text)


def test_a_file_that_is_too_long_is_read_no_further() -> None:
    stream = io.BytesIO(bytes(10_000_000))
    with pytest.raises(TooLarge, match="at most 1 MB"):
        uploads.receive(stream, 1_048_576)
    assert stream.tell() < 2_000_000


def test_an_empty_file_is_none() -> None:
    with pytest.raises(Invalid):
        uploads.receive(io.BytesIO(b""), 1024)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\keys\\id.pem", "id.pem"),
        ("a\x00\n\u202eb", "ab"),
        ("", "file"),
        ("x" * 300, "x" * 200),
    ],
)
def test_names_of_files_are_made_harmless(sent: str, kept: str) -> None:
    assert uploads.safe_name(sent) == kept


def test_a_request_uses_what_its_answers_name(single: House) -> None:
    made = upload(single)
    request_id = order(single, made.upload_id)
    assert single.request(request_id).item_parameters == {"single": {"config": made.upload_id}}
    assert single.request(request_id).status == RequestStatus.SUBMITTED


@pytest.mark.parametrize(
    ("content", "code"), [(b"x" * 1025, "max_bytes"), (b"%PDF-1.7", "accept"), (b"\xff\xfe", "accept"), (b"\x1f\x8b", "accept")]
)
def test_a_file_that_does_not_fit_its_field_is_named_and_nothing_is_written(single: House, content: bytes, code: str) -> None:
    made = upload(single, content)
    with pytest.raises(Invalid) as refusal:
        order(single, made.upload_id)
    assert [(fault.pointer, fault.code) for fault in refusal.value.faults] == [("/parameters/config", code)]
    assert single.rows(select(REQUEST)) == []


@pytest.mark.parametrize("who", ["bob-456", "mallory-666"])
def test_somebody_elses_file_is_not_there(single: House, who: str) -> None:
    made = upload(single)
    with pytest.raises(Invalid, match="Some") as refusal:
        order(single, made.upload_id, who)
    assert [fault.code for fault in refusal.value.faults] == ["unknown_upload"]


def test_whoever_sees_the_request_sees_its_file(single: House) -> None:
    made = upload(single)
    order(single, made.upload_id)
    with single.engine.connect() as connection:
        for who in ("bob-456", "carol-789"):
            assert uploads.show(connection, single.caller(who), made.upload_id).name == "values.yaml"
        with pytest.raises(NotFound):
            uploads.show(connection, single.caller("mallory-666"), made.upload_id)


def test_what_nobody_used_is_removed_after_a_day(single: House) -> None:
    used, unused, fresh = upload(single), upload(single, b"unused"), upload(single, b"fresh")
    order(single, used.upload_id)
    with single.engine.begin() as connection:
        connection.execute(update(FILE).values(touched_at=YESTERDAY))
        connection.execute(update(UPLOAD).where(UPLOAD.c.upload_id != fresh.upload_id).values(created_at=YESTERDAY))
        assert uploads.remove_unused(connection) == 1
    assert uploads.remove_unnamed(single.engine, single.files) == 1
    assert {row.upload_id for row in single.rows(select(UPLOAD))} == {used.upload_id, fresh.upload_id}
    assert {row.sha256 for row in single.rows(select(CHUNK))} == {used.sha256, fresh.sha256}
    assert unused.sha256 not in {row.sha256 for row in single.rows(select(FILE))}


def test_content_stays_while_another_upload_names_it(single: House) -> None:
    upload(single)
    upload(single, who="bob-456")
    with single.engine.begin() as connection:
        connection.execute(update(FILE).values(touched_at=YESTERDAY))
        first = select(UPLOAD.c.id).limit(1).scalar_subquery()
        connection.execute(update(UPLOAD).where(UPLOAD.c.id == first).values(created_at=YESTERDAY))
        assert uploads.remove_unused(connection) == 1
    assert uploads.remove_unnamed(single.engine, single.files) == 0
    assert len(single.rows(select(FILE))) == 1
