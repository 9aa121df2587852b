"""Files in a bucket of S3: encrypted, kept once, told well when it cannot be, and gone with those who named them."""

import io
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select, text, update

from app.core.outcomes import Failed, NeedsHuman
from app.errors import Unavailable
from app.jobs.housekeeping import tidy
from app.jobs.leases import Held
from app.jobs.perform import Performer
from app.lifecycle.files import uploads
from app.lifecycle.files.store import FileStore
from app.lifecycle.files.stores import file_store
from app.models.tables import CHUNK, FILE, UPLOAD
from app.rekey import renew_objects
from app.vault import Vault, VaultError
from tests.fixtures.bucket import BUCKET, Store
from tests.fixtures.house import House, item
from worker import build

LONG = b"canary-4711\n" * 60_000
YESTERDAY = text("now() - interval '25 hours'")
TODAY = date(2026, 11, 24)
ASK = "- {name: ask, type: ManualTask, template: {instructions: 'Look at {{ config }}'}}"


@pytest.fixture
def bucket_house(house: House, s3: Store) -> House:
    """A house whose files lie in an emptied bucket."""
    house.settings = s3.settings(house.settings)
    for key in s3.contents():
        s3.client.delete_object(Bucket=BUCKET, Key=key)
    return house


@pytest.fixture
def performer(bucket_house: House) -> Iterator[Performer]:
    runtime = build(bucket_house.settings, "w1")
    yield runtime.performer
    runtime.leases.engine.dispose()
    runtime.close()


def upload(house: House, content: bytes = LONG, name: str = "values.yaml") -> uploads.Uploaded:
    received = uploads.receive(io.BytesIO(content), 10_000_000)
    with received.content:
        return uploads.keep(house.unit, house.files, house.caller("sarah-123"), name, received)


def altered(house: House, **settings: Any) -> None:
    house.settings = house.settings.model_copy(update=settings)


def test_a_file_lies_encrypted_under_its_hash_and_comes_back(bucket_house: House, s3: Store) -> None:
    made = upload(bucket_house)
    assert s3.contents() == [made.sha256]
    assert b"canary" not in s3.client.get_object(Bucket=BUCKET, Key=made.sha256)["Body"].read()
    assert bucket_house.rows(select(CHUNK)) == []
    assert b"".join(bucket_house.files.read(made.sha256)) == LONG


def test_the_same_content_is_sent_to_the_bucket_once(bucket_house: House, s3: Store) -> None:
    upload(bucket_house)
    first = s3.client.head_object(Bucket=BUCKET, Key=s3.contents()[0])["ETag"]
    upload(bucket_house, name="other.yaml")
    assert s3.client.head_object(Bucket=BUCKET, Key=s3.contents()[0])["ETag"] == first


def test_content_that_the_bucket_lost_is_kept_anew_when_it_comes_again(bucket_house: House, s3: Store) -> None:
    made = upload(bucket_house)
    s3.client.delete_object(Bucket=BUCKET, Key=made.sha256)
    assert list(bucket_house.files.read(made.sha256)) == []
    upload(bucket_house)
    assert s3.contents() == [made.sha256]


@pytest.mark.parametrize("alter", [lambda found: found[:300_000], lambda found: found[:262_192], lambda found: found[9:]])
def test_an_object_that_somebody_altered_does_not_decrypt(
    bucket_house: House, s3: Store, alter: Callable[[bytes], bytes]
) -> None:
    made = upload(bucket_house)
    found = s3.client.get_object(Bucket=BUCKET, Key=made.sha256)["Body"].read()
    s3.client.put_object(Bucket=BUCKET, Key=made.sha256, Body=alter(found))
    with pytest.raises(VaultError):
        list(bucket_house.files.read(made.sha256))


def test_a_row_of_whole_parts_without_the_last_one_does_not_decrypt(bucket_house: House, s3: Store) -> None:
    made = upload(bucket_house)
    found = s3.client.get_object(Bucket=BUCKET, Key=made.sha256)["Body"].read()
    first = found[: 4 + int.from_bytes(found[:4], "big")]
    s3.client.put_object(Bucket=BUCKET, Key=made.sha256, Body=first)
    with pytest.raises(VaultError):
        list(bucket_house.files.read(made.sha256))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"s3_secret_access_key": "wrong"}, "S3_SECRET_ACCESS_KEY"),
        ({"s3_access_key_id": "AKIANOBODY"}, "S3_ACCESS_KEY_ID"),
        ({"s3_bucket": "stratus-nowhere"}, "S3_BUCKET"),
        ({"s3_endpoint_url": "http://127.0.0.1:1"}, "does not answer right now"),
    ],
)
def test_a_store_that_cannot_take_a_file_is_told_with_a_remedy(bucket_house: House, wrong: dict[str, Any], said: str) -> None:
    altered(bucket_house, **wrong)
    with pytest.raises(Unavailable, match=said):
        upload(bucket_house)
    assert bucket_house.rows(select(UPLOAD)) == []
    with pytest.raises(Unavailable):
        list(bucket_house.files.read("0" * 64))


def test_what_could_not_be_kept_is_kept_at_the_next_try(bucket_house: House, s3: Store) -> None:
    right = bucket_house.settings
    altered(bucket_house, s3_secret_access_key="wrong")
    with pytest.raises(Unavailable):
        upload(bucket_house)
    bucket_house.settings = right
    assert s3.contents() == []
    assert upload(bucket_house).sha256 == s3.contents()[0]


def test_housekeeping_removes_the_objects_of_files_that_nobody_uses(bucket_house: House, s3: Store) -> None:
    fresh, unused = upload(bucket_house, b"fresh"), upload(bucket_house, b"unused")
    long_ago(bucket_house, unused)
    tidy(bucket_house.engine, bucket_house.app.extensions["doorbell"], bucket_house.files, TODAY)
    assert s3.contents() == [fresh.sha256]
    assert [row.sha256 for row in bucket_house.rows(select(FILE))] == [fresh.sha256]


def test_unused_files_stay_while_the_bucket_is_away(bucket_house: House, s3: Store) -> None:
    unused = upload(bucket_house, b"unused")
    long_ago(bucket_house, unused)
    altered(bucket_house, s3_endpoint_url="http://127.0.0.1:1")
    tidy(bucket_house.engine, bucket_house.app.extensions["doorbell"], bucket_house.files, TODAY)
    assert s3.contents() == [unused.sha256]
    assert [row.sha256 for row in bucket_house.rows(select(FILE))] == [unused.sha256]


def long_ago(house: House, made: uploads.Uploaded) -> None:
    with house.engine.begin() as connection:
        connection.execute(update(UPLOAD).where(UPLOAD.c.upload_id == made.upload_id).values(created_at=YESTERDAY))
        connection.execute(update(FILE).where(FILE.c.sha256 == made.sha256).values(touched_at=YESTERDAY))


def test_files_are_found_where_they_were_put_after_the_store_was_changed(bucket_house: House) -> None:
    in_bucket = upload(bucket_house, b"in the bucket")
    altered(bucket_house, file_store="postgres")
    in_rows = upload(bucket_house, b"in rows")
    for store in ("s3", "postgres"):
        altered(bucket_house, file_store=store)
        read = [b"".join(bucket_house.files.read(one.sha256)) for one in (in_bucket, in_rows)]
        assert read == [b"in the bucket", b"in rows"]


def ask_with_a_file(house: House) -> None:
    house.offer(ask=item(ASK, fields="[{name: config, type: file}]"))
    house.order({"catalog_item": "ask", "parameters": {"config": upload(house).upload_id}})


def test_a_step_gets_a_file_out_of_the_bucket(bucket_house: House, performer: Performer) -> None:
    ask_with_a_file(bucket_house)
    result = performer.perform(bucket_house.must_claim(), Held(uuid.uuid4()))
    assert isinstance(result.outcome, NeedsHuman)
    assert "stratus-step-" in result.outcome.instructions


def test_a_step_whose_file_cannot_be_had_now_tries_again_later(bucket_house: House, performer: Performer) -> None:
    ask_with_a_file(bucket_house)
    altered(bucket_house, s3_endpoint_url="http://127.0.0.1:1")
    away = replace(performer, files=bucket_house.files)
    outcome = away.perform(bucket_house.must_claim(), Held(uuid.uuid4())).outcome
    assert isinstance(outcome, Failed)
    assert (outcome.kind, outcome.retryable) == ("file_store_unavailable", True)


def test_an_object_is_encrypted_anew_under_the_first_key_and_once(bucket_house: House, s3: Store) -> None:
    made, key = upload(bucket_house), "new:bmV3LWtleS1vZi0zMi1ieXRlcy1mb3ItdGVzdHMhISE="

    def store(keys: str) -> FileStore:
        return file_store(bucket_house.settings, bucket_house.engine.begin, Vault.from_text(keys))

    both = store(f"{key},{bucket_house.settings.vault_ring}")
    assert [some.cells for _ in range(2) for some in renew_objects(bucket_house.engine, both)] == [1, 0]
    assert b"".join(store(key).read(made.sha256)) == LONG
