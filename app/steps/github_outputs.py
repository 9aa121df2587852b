"""What a workflow tells us: `outputs.json` in the artifact `stratus-outputs`. No API shows a job's outputs.

The archive comes from outside. Nothing of it is written to disk, so no path in it matters; only one member is read, and no
further than its cap, whatever size its header claims.
"""

import io
import zipfile
import zlib
from typing import Any

from app.core import json_text

ARTIFACT = "stratus-outputs"
MEMBER = "outputs.json"
MAX_ARCHIVE_BYTES = 1_000_000
MAX_MEMBERS = 100
MAX_BYTES = 262_144


class UnreadableOutputsError(ValueError):
    """The artifact does not hold what was agreed. The message says what is wrong with it."""


def read_outputs(archive: bytes) -> dict[str, Any]:
    """The outputs in an artifact's zip archive, by name. Raises UnreadableOutputsError."""
    try:
        content = _member(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:  # RuntimeError: encrypted, odd method
        raise UnreadableOutputsError(f"{ARTIFACT} is no readable zip archive: {error}") from error
    try:
        outputs = json_text.plain(content)
    except ValueError as error:
        raise UnreadableOutputsError(f"{MEMBER} is no JSON: {error}") from error
    if not isinstance(outputs, dict):
        raise UnreadableOutputsError(f"{MEMBER} must hold a JSON object, name: value")
    return outputs


def _member(archive: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        members = opened.infolist()
        if len(members) > MAX_MEMBERS:
            raise UnreadableOutputsError(f"{ARTIFACT} holds {len(members)} files; {MAX_MEMBERS} at most are read")
        named = [member for member in members if member.filename == MEMBER]
        if len(named) != 1:
            raise UnreadableOutputsError(f"{ARTIFACT} holds {len(named)} files called {MEMBER}; it must be one")
        with opened.open(named[0]) as stream:
            content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise UnreadableOutputsError(f"{MEMBER} is larger than {MAX_BYTES} bytes")
    return content
