"""Sorts of files that can be told by their first bytes, whatever their name says."""

from collections.abc import Collection
from typing import Final, Literal

OTHER: Final = "application/octet-stream"
TEXT: Final = "text/plain"
JSON: Final = "application/json"
Sort = Literal[
    "application/pdf",
    "image/png",
    "image/jpeg",
    "application/zip",
    "application/gzip",
    "application/json",
    "application/x-pem-file",
    "text/plain",
    "application/octet-stream",
]
"""What `accept` may name. JSON and PEM are texts as well; OTHER takes anything."""
BEGINS: Final = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
)
PEM: Final = "application/x-pem-file"
TEXTS: Final = frozenset({TEXT, JSON, PEM})
SPOKEN: Final = {
    "application/pdf": "a PDF document",
    "image/png": "a PNG image",
    "image/jpeg": "a JPEG image",
    "application/zip": "a ZIP archive",
    "application/gzip": "a gzip archive",
    JSON: "a JSON document",
    PEM: "a PEM file",
    TEXT: "text",
    OTHER: "any file",
}
"""How people call them."""


def sort_of(head: bytes, *, is_text: bool, is_json: bool) -> str:
    """The sort of a file. head: its first bytes; is_text: all of it is UTF-8 text; is_json: all of it is a JSON document."""
    for begin, sort in BEGINS:
        if head.startswith(begin):
            return sort
    if not is_text:
        return OTHER
    if is_json:
        return JSON
    return PEM if head.lstrip().startswith(b"-----BEGIN ") else TEXT


def is_accepted(sort: str, accept: Collection[str]) -> bool:
    """Whether a file may answer a field with these sorts; any may where there are none."""
    return not accept or OTHER in accept or sort in accept or (TEXT in accept and sort in TEXTS)
