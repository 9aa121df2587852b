"""Uploads: send a file before the order that names it, and look at one."""

from functools import partial
from typing import BinaryIO, cast

from flask import Blueprint, Response, request

from app.api.correlation import caller
from app.api.endpoint import endpoint
from app.api.once import once
from app.api.parts import files, settings
from app.api.reading import FILE_BODY, FILE_FORM
from app.api.shapes import uploads as shapes
from app.errors import Fault, Invalid, WrongMediaType
from app.identity.guard import api_caller
from app.lifecycle.files import uploads
from app.reader import reader
from app.transaction import transaction

blueprint = Blueprint("uploads", __name__, url_prefix="/uploads")
TAG = "uploads"
PART = "file"
ROOM_BYTES = 64 * 1024
"""What a form may hold besides the file."""


@blueprint.post("")
@api_caller
@endpoint(TAG, shapes.Upload, status=201, query=shapes.UploadQuery, takes_file=True, takes_key=True, refusals=[409])
def create_upload(query: shapes.UploadQuery) -> shapes.Upload | Response:
    """Send a file, for an order to name as the answer to a field of type `file`.

    Its size is counted while it arrives, and its content says what it is. The same content is kept once. What no order, draft
    or template has named within a day is removed.
    """
    limit = settings().max_upload_bytes
    stream, own_name = _sent(limit)
    received = uploads.receive(stream, limit)
    name = query.name or own_name
    with received.content:
        uploads.keep_content(transaction, files(), received)
    note = partial(uploads.note, caller=caller(), name=name, received=received)
    return once(lambda unit: shapes.Upload.of(note(unit)), written=f"{name}\n{received.sha256}")


@blueprint.get("/<upload_id>")
@api_caller
@endpoint(TAG, shapes.Upload)
def get_upload(upload_id: str) -> shapes.Upload:
    """What is known of a file: of the caller's own, and of those that a request uses which the caller may see."""
    return shapes.Upload.of(uploads.show(reader(), caller(), upload_id))


def _sent(limit: int) -> tuple[BinaryIO, str]:
    """The file of this call and its name: the body itself, or the part `file` of a form. Raises WrongMediaType, Invalid."""
    request.max_content_length = limit + ROOM_BYTES
    if request.mimetype == FILE_BODY:
        return cast("BinaryIO", request.stream), ""
    if request.mimetype != FILE_FORM:
        raise WrongMediaType(f"Send the file with Content-Type: {FILE_BODY}, or in a form ({FILE_FORM}).")
    part = request.files.get(PART)
    if part is None:
        raise Invalid(faults=[Fault((PART,), "required", f"must be sent as the part {PART} of the form")])
    return cast("BinaryIO", part.stream), part.filename or ""
