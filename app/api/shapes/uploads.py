"""Files that were uploaded, as answers name them."""

from typing import Annotated, Any, Self

from pydantic import Field

from app.api.reading import Query
from app.api.shapes.common import Body, Moment
from app.lifecycle.files.uploads import Uploaded


class UploadQuery(Query):
    """What a file that is sent alone is called; in a form its own name counts."""

    name: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        default=None, description="The file's name, for people; it decides nothing.", examples=["values.yaml"]
    )


class Upload(Body):
    """A file. Orders name it by `upload_id`; what no order, draft or template has named within a day is removed."""

    upload_id: str = Field(examples=["upl-abcdefghjkmnpqrstuvw"])
    name: str = Field(examples=["values.yaml"])
    size: int = Field(description="In bytes.", ge=1)
    media_type: str = Field(description="What it is by its content, whatever its name says.", examples=["text/plain"])
    encoding: str | None = Field(description="`utf-8` where all of it is text, else null.", examples=["utf-8"])
    sha256: str = Field(description="Of its content, in hexadecimal.")
    created_at: Moment
    href: str = Field(examples=["/api/v1/uploads/upl-abcdefghjkmnpqrstuvw"])

    @classmethod
    def of(cls, upload: Uploaded) -> Self:
        """The shape of an upload."""
        told: dict[str, Any] = {key: getattr(upload, key) for key in ("upload_id", "name", "size", "media_type", "sha256")}
        return cls(
            **told,
            encoding="utf-8" if upload.is_text else None,
            created_at=upload.created_at,
            href=f"/api/v1/uploads/{upload.upload_id}",
        )
