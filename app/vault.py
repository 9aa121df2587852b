"""Encrypts and decrypts single cells of the database with AES-256-GCM, under a ring of named keys; marks texts with HMAC.

A token is `0x01 | length of the key id | key id | nonce (12 bytes) | ciphertext and tag`. The key id says which key of the
ring opens it, so that a new first key can be put in front while older cells stay readable. The header and the cell's
address are authenticated: a ciphertext that was moved to another row or column does not decrypt.
"""

import base64
import binascii
import hashlib
import hmac
import os
import re
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.errors import StratusError

FORMAT = 1
KEY_BYTES = 32
NONCE_BYTES = 12
MARKING = b"stratus marks"
"""Derives the key of marks from a key of the ring, so that no key serves two purposes."""
KEY_ID = re.compile(r"[A-Za-z0-9_.-]{1,32}")


class VaultError(StratusError):
    """A stored secret cannot be decrypted: its key is not in VAULT_KEYS, or it was altered or moved."""

    code = "undecryptable"


class Vault:
    """A ring of keys. The first one encrypts, every one decrypts what it encrypted."""

    def __init__(self, keys: Sequence[tuple[str, bytes]]) -> None:
        """Take `(key id, 32 bytes)` pairs. Raises ValueError, which names no key material."""
        if not keys:
            raise ValueError("VAULT_KEYS names no key: write id:base64 of 32 bytes")
        for number, (key_id, key) in enumerate(keys, 1):
            if not KEY_ID.fullmatch(key_id):
                raise ValueError(
                    f"the id of key {number} of VAULT_KEYS must be 1 to 32 letters, digits, dots, dashes, underscores"
                )
            if len(key) != KEY_BYTES:
                raise ValueError(f"key {number} of VAULT_KEYS has {len(key)} bytes instead of {KEY_BYTES}")
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys}
        if len(self._ciphers) != len(keys):
            raise ValueError("VAULT_KEYS names a key id twice")
        self._first = keys[0][0]
        self._marking = {key_id: hmac.digest(key, MARKING, hashlib.sha256) for key_id, key in keys}

    @classmethod
    def from_text(cls, vault_keys: str) -> "Vault":
        """Read the setting VAULT_KEYS: `id:base64`, comma separated, the encrypting key first. Raises ValueError."""
        parts = [part.strip() for part in vault_keys.split(",") if part.strip()]
        return cls([_pair(number, part) for number, part in enumerate(parts, 1)])

    def encrypt(self, plain: bytes, cell: str) -> bytes:
        """Encrypt for one cell, addressed as `table.column:primary key`."""
        header = self.beginning
        nonce = os.urandom(NONCE_BYTES)
        return header + nonce + self._ciphers[self._first].encrypt(nonce, plain, header + cell.encode())

    @property
    def beginning(self) -> bytes:
        """How every token begins that the first key makes."""
        key_id = self._first.encode()
        return bytes((FORMAT, len(key_id))) + key_id

    def is_current(self, token: bytes) -> bool:
        """Whether the first key made this token."""
        return token.startswith(self.beginning)

    def decrypt(self, token: bytes, cell: str) -> bytes:
        """Give back what was encrypted for this very cell. Raises VaultError."""
        header, key_id = _header(token)
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise VaultError
        body = token[len(header) :]
        try:
            return cipher.decrypt(body[:NONCE_BYTES], body[NONCE_BYTES:], header + cell.encode())
        except (InvalidTag, ValueError) as error:
            raise VaultError from error

    def mark(self, text: str) -> str:
        """A mark that is the same for the same text only, and from which nobody without the key can guess it."""
        return self._mark(self._first, text)

    def is_mark(self, mark: str, text: str) -> bool:
        """Whether `mark` was made of `text`, by whichever key of the ring made it."""
        key_id, colon, _ = mark.rpartition(":")
        return bool(colon) and key_id in self._marking and hmac.compare_digest(mark, self._mark(key_id, text))

    def _mark(self, key_id: str, text: str) -> str:
        return f"{key_id}:{hmac.digest(self._marking[key_id], text.encode(), hashlib.sha256).hex()}"


def _pair(number: int, text: str) -> tuple[str, bytes]:
    """Read one `id:base64`. What is refused is named by its number: an id may be a key that was written without one."""
    key_id, colon, encoded = text.partition(":")
    try:
        if colon:
            return key_id, base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        pass  # Told below, outside of the handler: the cause would carry the key's text into a traceback.
    raise ValueError(f"key {number} of VAULT_KEYS must be written id:base64 of {KEY_BYTES} bytes")


def _header(token: bytes) -> tuple[bytes, str]:
    if len(token) < 2 or token[0] != FORMAT:
        raise VaultError
    header = bytes(token[: 2 + token[1]])
    return header, header[2:].decode("ascii", "replace")
