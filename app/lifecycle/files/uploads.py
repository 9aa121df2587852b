"""Files that people upload: received with their size and content checked, kept once, named by answers, handed to steps."""

import codecs
import hashlib
import json
import re
import secrets
import tempfile
import uuid
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, BinaryIO

from sqlalchemy import Connection, Engine, Row, Select, Table, Text, cast, delete, func, insert, literal, select, union, update
from sqlalchemy.dialects.postgresql import insert as upsert

from app import audit
from app.core.access import may_see_request
from app.core.fields.attaching import spoken_size
from app.core.fields.sorts import sort_of
from app.errors import Fault, Invalid, NotFound, TooLarge
from app.lifecycle.caller import Caller
from app.lifecycle.files.store import FileStore
from app.models.tables import DRAFT, FILE, REQUEST, REQUEST_FILE, TEMPLATE, UPLOAD
from app.transaction import Unit

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
ID_LENGTH = 20
PART_BYTES = 64 * 1024
IN_MEMORY_BYTES = 1024 * 1024
"""More than this waits in a file that has no name while it is looked at."""
LONGEST_JSON = 1024 * 1024
LONGEST_NAME = 200
UNUSED_FOR = timedelta(days=1)
AT_ONCE = 100
"""How many contents are removed in one transaction: a store outside is asked while it is open."""
UNSHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Received:
    """A file that has arrived and was looked at. content: at its start, closed by whoever received it."""

    content: BinaryIO
    size: int
    sha256: str
    media_type: str
    is_text: bool


@dataclass(frozen=True, slots=True)
class Uploaded:
    """An upload as answers name it."""

    upload_id: str
    name: str
    size: int
    media_type: str
    sha256: str
    is_text: bool
    created_at: datetime

    @property
    def shown(self) -> str:
        """What people read for it: `values.yaml, 3 KB`."""
        return f"{self.name}, {spoken_size(self.size)}"


def receive(stream: BinaryIO, limit: int) -> Received:
    """Read a stream to its end. Raises TooLarge as soon as it is longer than `limit` bytes, Invalid when it is empty."""
    spool = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115  handed on; closed there, or here below
    try:
        return _received(spool, stream, limit)  # type: ignore[arg-type]  # a spooled file is a BinaryIO in all but name
    except BaseException:
        spool.close()
        raise


def _received(spool: BinaryIO, stream: BinaryIO, limit: int) -> Received:
    digest, size, text = hashlib.sha256(), 0, _TextWatch()
    while part := stream.read(PART_BYTES):
        size += len(part)
        if size > limit:
            raise TooLarge(f"A file may have at most {spoken_size(limit)}.")
        digest.update(part)
        text.see(part)
        spool.write(part)
    if not size:
        raise Invalid("The file is empty.", faults=[Fault(("file",), "empty", "must not be empty")])
    spool.seek(0)
    is_text = text.is_text
    head = spool.read(PART_BYTES)
    sort = sort_of(head, is_text=is_text, is_json=is_text and size <= LONGEST_JSON and _is_json(head + spool.read()))
    spool.seek(0)
    return Received(spool, size, digest.hexdigest(), sort, is_text)


class _TextWatch:
    """Whether a stream that is seen part by part is UTF-8 text."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._fine = True

    def see(self, part: bytes, *, final: bool = False) -> None:
        """The next part."""
        try:
            self._fine = self._fine and "\x00" not in self._decoder.decode(part, final)
        except UnicodeDecodeError:
            self._fine = False

    @property
    def is_text(self) -> bool:
        """Whether all that was seen is text: a character cut off at the end is none."""
        self.see(b"", final=True)
        return self._fine


def _is_json(content: bytes) -> bool:
    if content.lstrip()[:1] not in (b"{", b"["):
        return False
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        return False
    return True


def keep(
    begin: Callable[[], AbstractContextManager[Unit]], files: FileStore, caller: Caller, name: str, received: Received
) -> Uploaded:
    """Keep a received file as the caller's upload; its content only if it is not there yet. begin: opens a unit of work.

    Raises Unavailable.
    """
    keep_content(begin, files, received)
    with begin() as unit:
        return note(unit, caller, name, received)


def keep_content(begin: Callable[[], AbstractContextManager[Unit]], files: FileStore, received: Received) -> None:
    """Keep the content of a received file if it is not there yet. Raises Unavailable.

    No transaction is open while the store works, which may lie outside. What was noted and then could not be kept is found by
    whoever sends the same content again, and goes after a day.
    """
    with begin() as unit:
        new = _note_content(unit.connection, received)
    if new or not files.holds(received.sha256):
        files.put(received.sha256, received.content)


def _note_content(connection: Connection, received: Received) -> bool:
    """Note that this content is used from now on; answers whether nobody had noted it before."""
    content = {
        "sha256": received.sha256,
        "size": received.size,
        "media_type": received.media_type,
        "is_text": received.is_text,
    }
    new = connection.execute(upsert(FILE).values(content).on_conflict_do_nothing().returning(FILE.c.sha256)).one_or_none()
    if new is None:
        connection.execute(update(FILE).where(FILE.c.sha256 == received.sha256).values(touched_at=func.clock_timestamp()))
    return new is not None


def note(unit: Unit, caller: Caller, name: str, received: Received) -> Uploaded:
    """Make an upload of the caller's of content that is kept."""
    connection = unit.connection
    upload_id = "upl-" + "".join(secrets.choice(LETTERS) for _ in range(ID_LENGTH))
    shown = safe_name(name)
    row = {"upload_id": upload_id, "owner_id": caller.person.id, "name": shown, "sha256": received.sha256}
    made = connection.execute(insert(UPLOAD).values(row).returning(UPLOAD.c.created_at)).one()
    details = {"name": shown, "size": received.size, "sha256": received.sha256}
    who, target = caller.person.user_id, f"upload:{upload_id}"
    audit.record(
        connection, [audit.Act(who, "upload.create", target, "done", caller.address, caller.correlation_id, details=details)]
    )
    return Uploaded(upload_id, shown, received.size, received.media_type, received.sha256, received.is_text, made.created_at)


def safe_name(name: str) -> str:
    """A file's name for people: without folders, control characters and marks that turn text around."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return UNSHOWN.sub("", last).strip()[:LONGEST_NAME] or "file"


def show(connection: Connection, caller: Caller, upload_id: str) -> Uploaded:
    """An upload of the caller's own, or of a request that they see. Raises NotFound."""
    found = known(connection, caller, [upload_id])
    if upload_id not in found:
        raise NotFound(f"There is no file {upload_id[:100]}, or none that you may see.")
    return found[upload_id]


def known(connection: Connection, caller: Caller, upload_ids: Iterable[str]) -> dict[str, Uploaded]:
    """By id, those of the uploads that the caller may use: their own, and those of requests that they see."""
    found = connection.execute(_ROWS.where(UPLOAD.c.upload_id.in_(set(upload_ids)))).all()
    return {
        row.upload_id: _uploaded(row) for row in found if row.owner_id == caller.person.id or _sees(connection, caller, row)
    }


def _sees(connection: Connection, caller: Caller, upload: Row[Any]) -> bool:
    uses = (
        select(REQUEST.c.requester_team, REQUEST.c.owner_teams)
        .join(REQUEST_FILE, REQUEST_FILE.c.request_id == REQUEST.c.id)
        .where(REQUEST_FILE.c.upload_id == upload.id)
    )
    return any(may_see_request(caller.person, row.requester_team, row.owner_teams) for row in connection.execute(uses))


def used_by(connection: Connection, request: uuid.UUID, upload_ids: Iterable[str]) -> None:
    """Note that a request uses these uploads: they are kept, and whoever sees it sees them."""
    if ids := set(upload_ids):
        used = select(UPLOAD.c.id.label("upload_id"), literal(request, UPLOAD.c.id.type)).where(UPLOAD.c.upload_id.in_(ids))
        connection.execute(upsert(REQUEST_FILE).from_select(["upload_id", "request_id"], used).on_conflict_do_nothing())


def hash_of(connection: Connection, upload_id: str) -> str | None:
    """Under which hash the content of an upload is kept; None where there is no such upload."""
    return connection.scalar(select(UPLOAD.c.sha256).where(UPLOAD.c.upload_id == upload_id))


def remove_unused(connection: Connection) -> int:
    """Remove uploads that no request, draft or template has named within a day; answers how many.

    Their content is left to `remove_unnamed`.
    """
    in_use = select(REQUEST_FILE.c.upload_id).where(REQUEST_FILE.c.upload_id == UPLOAD.c.id).exists()
    kept = union(*(_named_in(table) for table in (DRAFT, TEMPLATE))).subquery()
    waits = select(kept.c.upload_id).where(kept.c.upload_id == UPLOAD.c.upload_id).exists()
    return connection.execute(delete(UPLOAD).where(UPLOAD.c.created_at < _long_ago(), ~in_use, ~waits)).rowcount


def _named_in(table: Table) -> Select[Any]:
    """The ids of uploads that stand anywhere in the answers of drafts or templates."""
    found = func.regexp_matches(cast(table.c.document, Text), f"upl-[{LETTERS}]{{{ID_LENGTH}}}", "g")
    return select(func.unnest(found).label("upload_id"))


def remove_unnamed(engine: Engine, files: FileStore) -> int:
    """Remove content that no upload names and nobody has sent within a day; answers how much. Raises Unavailable.

    The rows stay locked until the store has forgotten what they stand for: who sends the same content meanwhile waits, finds
    nothing kept and keeps it anew.
    """
    named = select(UPLOAD.c.id).where(UPLOAD.c.sha256 == FILE.c.sha256).exists()
    unused = select(FILE.c.sha256).where(FILE.c.touched_at < _long_ago(), ~named)
    some = unused.limit(AT_ONCE).with_for_update(skip_locked=True).cte()
    gone = delete(FILE).where(FILE.c.sha256.in_(select(some.c.sha256))).returning(FILE.c.sha256)
    removed, hashes = 0, [""]
    while hashes:
        with engine.begin() as connection:
            hashes = list(connection.scalars(gone))
            files.remove(hashes)
        removed += len(hashes)
    return removed


def _long_ago() -> Any:
    return func.clock_timestamp() - UNUSED_FOR


_ROWS: Select[Any] = select(
    UPLOAD.c.id,
    UPLOAD.c.upload_id,
    UPLOAD.c.owner_id,
    UPLOAD.c.name,
    UPLOAD.c.created_at,
    FILE.c.size,
    FILE.c.media_type,
    FILE.c.sha256,
    FILE.c.is_text,
).join(FILE, FILE.c.sha256 == UPLOAD.c.sha256)


def _uploaded(row: Row[Any]) -> Uploaded:
    return Uploaded(row.upload_id, row.name, row.size, row.media_type, row.sha256, row.is_text, row.created_at)
