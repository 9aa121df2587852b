"""A document as the one text that everybody gets who writes it, and the digest of that text."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

DIGEST = "digest"


def canonical(document: Mapping[str, Any]) -> bytes:
    """The JSON of a document: keys sorted, nothing between its parts, every letter as itself, in UTF-8."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest(document: Mapping[str, Any]) -> str:
    """`sha256:` and the SHA-256 of everything in a document but its own `digest`, in hexadecimal digits."""
    rest = {key: value for key, value in document.items() if key != DIGEST}
    return f"sha256:{hashlib.sha256(canonical(rest)).hexdigest()}"
