"""Files: an answer names an upload. What the file must be is judged where the upload is known."""

import re
from typing import Any

from app.core.fields.faults import fault
from app.core.fields.model import Field
from app.core.fields.sorts import OTHER, SPOKEN, is_accepted
from app.errors import Fault

UPLOAD_ID = re.compile(r"upl-[a-z2-9]{20}", re.ASCII)
NO_UPLOAD = "must be the id of a file that was uploaded before, such as upl-…: POST it to /api/v1/uploads"


def judge_file(field: Field, value: Any) -> list[Fault]:
    """The id of an upload."""
    if not isinstance(value, str):
        return [fault(field, "type", NO_UPLOAD)]
    return [] if UPLOAD_ID.fullmatch(value) else [fault(field, "format", NO_UPLOAD)]


def judge_content(field: Field, size: int, sort: str, *, is_text: bool) -> list[Fault]:
    """What is wrong with a file as an answer. size: in bytes; sort: see `sorts`; is_text: whether it is UTF-8."""
    if field.max_bytes is not None and size > field.max_bytes:
        return [fault(field, "max_bytes", f"may have at most {spoken_size(field.max_bytes)}", max_bytes=field.max_bytes)]
    if not is_accepted(sort, field.accept or ()):
        wanted = " or ".join(SPOKEN[one] for one in field.accept or ())
        is_one = "is none of the sorts that are known" if sort == OTHER else f"is {SPOKEN[sort]}"
        return [fault(field, "accept", f"must be {wanted}; by its content this file {is_one}", accept=list(field.accept or ()))]
    if field.encoding is not None and not is_text:
        return [fault(field, "encoding", "must be text in UTF-8: save it so and choose it again", encoding=field.encoding)]
    return []


def spoken_size(size: int) -> str:
    """`1 MB`, `256 KB`, `300 bytes`; exact."""
    for unit, name in ((1_048_576, "MB"), (1024, "KB")):
        if size >= unit and size % unit == 0:
            return f"{size // unit:,} {name}"
    return f"{size:,} byte{'' if size == 1 else 's'}"
