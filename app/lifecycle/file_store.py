"""Where the bytes of files lie. One protocol of two methods; PostgreSQL is the store that there is."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from sqlalchemy import Connection, insert, select

from app.models.tables import CHUNK
from app.vault import Vault

CHUNK_BYTES = 256 * 1024
AT_ONCE = 8
"""How many chunks are sent to the database together: what is in memory at a time."""


class FileStore(Protocol):
    """Keeps content under its SHA-256."""

    def put(self, sha256: str, content: BinaryIO) -> None:
        """Keep what `content` holds from here to its end. The caller knows that nothing is kept under this hash yet."""
        ...

    def read(self, sha256: str) -> Iterator[bytes]:
        """The content in parts; nothing where none is kept. Raises VaultError."""
        ...


@dataclass(frozen=True, slots=True)
class DatabaseFiles:
    """Files as rows of 256 KiB, each encrypted for its file and place in it: part of a backup, and of a transaction."""

    connection: Connection
    vault: Vault

    def put(self, sha256: str, content: BinaryIO) -> None:
        """Write the chunks, some at a time."""
        number = 0
        while parts := [part for part in (content.read(CHUNK_BYTES) for _ in range(AT_ONCE)) if part]:
            rows = [
                {"sha256": sha256, "number": at, "ciphertext": self.vault.encrypt(part, _cell(sha256, at))}
                for at, part in enumerate(parts, number)
            ]
            self.connection.execute(insert(CHUNK), rows)
            number += len(parts)

    def read(self, sha256: str) -> Iterator[bytes]:
        """Read the chunks one by one. Raises VaultError."""
        number = 0
        while (found := self._chunk(sha256, number)) is not None:
            yield self.vault.decrypt(found, _cell(sha256, number))
            number += 1

    def _chunk(self, sha256: str, number: int) -> bytes | None:
        one = select(CHUNK.c.ciphertext).where(CHUNK.c.sha256 == sha256, CHUNK.c.number == number)
        return self.connection.scalar(one)


def _cell(sha256: str, number: int) -> str:
    """The address of a chunk, bound into its encryption."""
    return f"file_chunks.ciphertext:{sha256}:{number}"
