"""Where the bytes of files lie. One protocol; PostgreSQL is the store that is always there (object_store has the other)."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from app.models.tables import CHUNK
from app.vault import Vault

CHUNK_BYTES = 256 * 1024
AT_ONCE = 8
"""How many chunks are sent to the database together: what is in memory at a time."""
Begin = Callable[[], AbstractContextManager[Connection]]
"""Opens a connection in a transaction of its own."""


class FileStore(Protocol):
    """Keeps content under its SHA-256. Every method raises Unavailable when the store cannot do it now.

    None of them is called while its caller has a transaction open that wrote something, except `remove`.
    """

    def put(self, sha256: str, content: BinaryIO) -> None:
        """Keep what `content` holds from here to its end. Its row in `file_contents` is there already."""
        ...

    def holds(self, sha256: str) -> bool:
        """Whether the whole of this content is kept."""
        ...

    def read(self, sha256: str) -> Iterator[bytes]:
        """The content in parts; nothing where none is kept. Raises VaultError."""
        ...

    def remove(self, hashes: Sequence[str]) -> None:
        """Forget contents whose rows in `file_contents` are being deleted; one that is not kept is no error."""
        ...


@dataclass(frozen=True, slots=True)
class DatabaseFiles:
    """Files as rows of 256 KiB, each encrypted for its file and place in it: part of every backup. They go with their row."""

    begin: Begin
    vault: Vault

    def put(self, sha256: str, content: BinaryIO) -> None:
        """Write the chunks in one transaction, some at a time."""
        number = 0
        with self.begin() as connection:
            while parts := [part for part in (content.read(CHUNK_BYTES) for _ in range(AT_ONCE)) if part]:
                rows = [
                    {"sha256": sha256, "number": at, "ciphertext": self.vault.encrypt(part, cell(sha256, at))}
                    for at, part in enumerate(parts, number)
                ]
                # Somebody else may be sending the same content: theirs is as good.
                connection.execute(insert(CHUNK).on_conflict_do_nothing(), rows)
                number += len(parts)

    def holds(self, sha256: str) -> bool:
        """Whether its first chunk is there: all were written together."""
        with self.begin() as connection:
            first = select(CHUNK.c.number).where(CHUNK.c.sha256 == sha256, CHUNK.c.number == 0)
            return connection.scalar(first) is not None

    def read(self, sha256: str) -> Iterator[bytes]:
        """Read the chunks one by one. Raises VaultError."""
        number = 0
        while (found := self._chunk(sha256, number)) is not None:
            yield self.vault.decrypt(found, cell(sha256, number))
            number += 1

    def remove(self, hashes: Sequence[str]) -> None:
        """Nothing to do: the database removes chunks with the row that they belong to."""

    def _chunk(self, sha256: str, number: int) -> bytes | None:
        one = select(CHUNK.c.ciphertext).where(CHUNK.c.sha256 == sha256, CHUNK.c.number == number)
        with self.begin() as connection:
            return connection.scalar(one)


def cell(sha256: str, number: int) -> str:
    """The address of a chunk, bound into its encryption."""
    return f"file_chunks.ciphertext:{sha256}:{number}"
