"""A bucket of S3, or of whatever speaks it: four calls with time-outs, whose errors say what to do about them.

botocore is loaded with the first call: a portal without a bucket does not pay for it (some 25 MB).
"""

import io
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

from app.errors import Unavailable

log = logging.getLogger(__name__)
CONNECT_SECONDS = 3
TRIES = 2
GONE = ("404", "NoSuchKey", "NotFound")
NO_BUCKET = ("NoSuchBucket", "InvalidBucketName")
REFUSED = ("401", "403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "AuthorizationHeaderMalformed")
"""Codes of S3; those of HEAD, whose answers have no body, are statuses."""

NO_BUCKET_WORDS = "The store of files has no such bucket: an administrator creates it, or corrects S3_BUCKET. Nothing was lost."
REFUSED_WORDS = (
    "The store of files refuses the portal: an administrator checks S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY, S3_REGION and what "
    "they may do in S3_BUCKET. Nothing was lost."
)
AWAY_WORDS = "The store of files does not answer right now. Nothing was lost; try again in a moment."


@dataclass(frozen=True, slots=True)
class Place:
    """Where the bucket is and how it is spoken to. endpoint, key_id, key: empty where AWS's own ways are meant."""

    bucket: str
    endpoint: str = ""
    region: str = "us-east-1"
    key_id: str = ""
    key: str = ""
    silence: float = 10
    """Seconds without a byte after which a call is given up."""


class Bucket:
    """Objects under keys. Every method raises Unavailable, with a sentence that says who can do what."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._made: Any = None
        self._making = threading.Lock()

    def put(self, key: str, content: BinaryIO) -> None:
        """Keep what `content`, a real file, holds from here to its end."""
        with self._told("put"):
            self._client().put_object(Bucket=self._place.bucket, Key=key, Body=content)

    def has(self, key: str) -> bool:
        """Whether there is an object. A bucket that is not there holds none."""
        with self._told("head") as told:
            self._client().head_object(Bucket=self._place.bucket, Key=key)
        return not told.gone

    def open(self, key: str) -> BinaryIO | None:
        """The bytes of an object as they arrive, to be closed; none where there is no object."""
        with self._told("get") as told:
            body = self._client().get_object(Bucket=self._place.bucket, Key=key)["Body"]
        return None if told.gone else io.BufferedReader(_Arriving(self, body))

    def remove(self, key: str) -> None:
        """Remove an object, or find that there is none."""
        with self._told("delete"):
            self._client().delete_object(Bucket=self._place.bucket, Key=key)

    def _client(self) -> Any:
        """Made once, by one thread: making it is not safe with several, using it is."""
        with self._making:
            if self._made is None:
                self._made = _made(self._place)
            return self._made

    @contextmanager
    def _told(self, what: str) -> Iterator["_Told"]:
        from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

        told = _Told()
        try:
            yield told
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            told.gone = code in GONE and what in ("head", "get")
            if not told.gone:
                raise self._unavailable(what, code, _words(code)) from error
        except NoCredentialsError as error:
            raise self._unavailable(what, "no credentials", REFUSED_WORDS) from error
        except (BotoCoreError, OSError) as error:
            raise self._unavailable(what, type(error).__name__, AWAY_WORDS) from error

    def _unavailable(self, what: str, why: str, words: str) -> Unavailable:
        log.warning("the bucket of files refused or failed", extra={"bucket": self._place.bucket, "call": what, "why": why})
        return Unavailable(words)


@dataclass(slots=True)
class _Told:
    """What came of a call. gone: there is no such object."""

    gone: bool = False


class _Arriving(io.RawIOBase):
    """The body of an answer as a file of Python's; what breaks it off is told like all else."""

    def __init__(self, bucket: Bucket, body: Any) -> None:
        self._bucket, self._body = bucket, body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what fits into `buffer`."""
        with self._bucket._told("read"):
            part = self._body.read(len(buffer))
        buffer[: len(part)] = part
        return len(part)

    def close(self) -> None:
        """Give the connection back."""
        self._body.close()
        super().close()


def _words(code: str) -> str:
    if code in NO_BUCKET:
        return NO_BUCKET_WORDS
    return REFUSED_WORDS if code in REFUSED else AWAY_WORDS


def _made(place: Place) -> Any:
    from botocore.config import Config
    from botocore.session import Session

    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=place.silence,
        retries={"total_max_attempts": TRIES, "mode": "standard"},
        s3={"addressing_style": "path" if place.endpoint else "auto"},
        # Checksums beyond the signature are an extension that other stores than AWS often lack.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return Session().create_client(
        "s3",
        region_name=place.region,
        endpoint_url=place.endpoint or None,
        aws_access_key_id=place.key_id or None,
        aws_secret_access_key=place.key or None,
        config=config,
    )
