"""Files as objects of a bucket, under the SHA-256 of their content, encrypted part by part before they leave.

An object is a row of parts: the length of one (4 bytes), then the vault's token of up to 256 KiB. A part is encrypted for its
file, its place in it and whether it is the last one: an object that was cut off or put together anew does not decrypt.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import BinaryIO, cast

from app.lifecycle.files.bucket import Bucket
from app.lifecycle.files.store import CHUNK_BYTES, DatabaseFiles, FileStore
from app.vault import Vault, VaultError

LENGTH_BYTES = 4
LONGEST_PART = CHUNK_BYTES + 1024
"""More than a token of a part can have: its length comes from outside."""


@dataclass(frozen=True, slots=True)
class ObjectFiles:
    """Files in a bucket."""

    bucket: Bucket
    vault: Vault

    def put(self, sha256: str, content: BinaryIO) -> None:
        """Encrypt into a file without a name and send that: its length is known, and a second try can read it anew."""
        with tempfile.TemporaryFile() as sealed:
            for part in _sealed(self.vault, sha256, content):
                sealed.write(part)
            sealed.seek(0)
            self.bucket.put(sha256, sealed)

    def holds(self, sha256: str) -> bool:
        """Whether there is an object: one appears when all of it has arrived."""
        return self.bucket.has(sha256)

    def read(self, sha256: str) -> Iterator[bytes]:
        """Read the object while it arrives. Raises VaultError."""
        stream = self.bucket.open(sha256)
        if stream is not None:
            with closing(stream):
                yield from _opened(self.vault, sha256, stream)

    def renew(self, sha256: str) -> bool:
        """Encrypt an object anew that another key than the first one made; whether there was one. Raises VaultError."""
        stream = self.bucket.open(sha256)
        if stream is None:
            return False
        with closing(stream):
            first = _next(stream)
        if first is None or self.vault.is_current(first):
            return False
        self.put(sha256, cast("BinaryIO", _Parts(self.read(sha256))))
        return True

    def remove(self, hashes: Sequence[str]) -> None:
        """Remove the objects one by one: not every store that speaks S3 knows how to remove many."""
        for sha256 in hashes:
            self.bucket.remove(sha256)


@dataclass(frozen=True, slots=True)
class BothFiles:
    """A portal that has a bucket: new files go to one store, and those that lie in the other are found there."""

    database: DatabaseFiles
    objects: ObjectFiles
    new: FileStore

    def put(self, sha256: str, content: BinaryIO) -> None:
        """Keep it where new files go."""
        self.new.put(sha256, content)

    def holds(self, sha256: str) -> bool:
        """Whether one of them has it."""
        return self.database.holds(sha256) or self.objects.holds(sha256)

    def read(self, sha256: str) -> Iterator[bytes]:
        """Read it from the one that has it. Raises VaultError."""
        yield from (self.database if self.database.holds(sha256) else self.objects).read(sha256)

    def remove(self, hashes: Sequence[str]) -> None:
        """Remove it from both."""
        self.objects.remove(hashes)


class _Parts:
    """What is read part by part, as a file that is read so: each part is as long as those that it is asked for."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts

    def read(self, _: int) -> bytes:
        """The next part, nothing at the end."""
        return next(self._parts, b"")


def _sealed(vault: Vault, sha256: str, content: BinaryIO) -> Iterator[bytes]:
    number, part = 0, content.read(CHUNK_BYTES)
    while part:
        following = content.read(CHUNK_BYTES)
        token = vault.encrypt(part, _cell(sha256, number, last=not following))
        yield len(token).to_bytes(LENGTH_BYTES, "big")
        yield token
        number, part = number + 1, following


def _opened(vault: Vault, sha256: str, stream: BinaryIO) -> Iterator[bytes]:
    """Raises VaultError for whatever `_sealed` did not write so."""
    number, token = 0, _next(stream)
    if token is None:
        raise VaultError
    while token is not None:
        following = _next(stream)
        yield vault.decrypt(token, _cell(sha256, number, last=following is None))
        number, token = number + 1, following


def _next(stream: BinaryIO) -> bytes | None:
    head = stream.read(LENGTH_BYTES)
    if not head:
        return None
    length = int.from_bytes(head, "big")
    token = stream.read(length) if length <= LONGEST_PART else b""
    if len(head) < LENGTH_BYTES or len(token) < length or not token:
        raise VaultError
    return token


def _cell(sha256: str, number: int, *, last: bool) -> str:
    """The address of a part, bound into its encryption."""
    return f"object:{sha256}:{number}{':last' if last else ''}"
