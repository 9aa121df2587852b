"""What answers hold besides plain values: encrypted secrets, and files by the hash of their content."""

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Created, Key, Word


class Secret(Base):
    """One encrypted cell: a secret answer of a request, or what somebody typed into a form and has not sent yet."""

    __tablename__ = "secrets"
    id: Mapped[Key]
    request_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("service_requests.id", ondelete="CASCADE"))
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    """Whose form it is from; null once it belongs to a request."""
    place: Mapped[str]
    """`bundle.<field>` or `<alias>.<field>`; of a form, its address."""
    ciphertext: Mapped[bytes] = mapped_column(LargeBinary)
    """JSON, encrypted by the vault for this request (or person) and place."""
    expires_at: Mapped[datetime | None]
    created_at: Mapped[Created]
    __table_args__ = (
        UniqueConstraint("request_id", "place"),
        CheckConstraint("(request_id IS NULL) = (user_id IS NOT NULL AND expires_at IS NOT NULL)", name="owner"),
        Index("ix_secrets_expires_at", "expires_at", postgresql_where=text("expires_at IS NOT NULL")),
    )


class FileContent(Base):
    """The content of a file, kept once however often it was uploaded. Its bytes lie in `file_chunks`."""

    __tablename__ = "file_contents"
    sha256: Mapped[Word] = mapped_column(primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[Word]
    """What it is by its content, whatever its name says (core.fields.sorts)."""
    is_text: Mapped[bool]
    """Whether all of it is UTF-8."""
    touched_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    """When it was last uploaded: what nobody uses is not removed under somebody who has just done so."""


class FileChunk(Base):
    """A part of a file, encrypted: 256 KiB of it, less at its end."""

    __tablename__ = "file_chunks"
    sha256: Mapped[Word] = mapped_column(ForeignKey("file_contents.sha256", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    ciphertext: Mapped[bytes] = mapped_column(LargeBinary)


class Upload(Base):
    """A file as somebody uploaded it: answers name it by `upload_id`."""

    __tablename__ = "uploads"
    id: Mapped[Key]
    upload_id: Mapped[Word] = mapped_column(unique=True)
    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    name: Mapped[Word]
    sha256: Mapped[Word] = mapped_column(ForeignKey("file_contents.sha256"), index=True)
    created_at: Mapped[Created]
    __table_args__ = (Index("ix_uploads_created_at", "created_at"),)


class RequestFile(Base):
    """An upload that a request uses: whoever sees the request sees the file, and it is kept."""

    __tablename__ = "request_files"
    request_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("service_requests.id", ondelete="CASCADE"), primary_key=True)
    upload_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("uploads.id"), primary_key=True)
    __table_args__ = (Index("ix_request_files_upload_id", "upload_id"),)
