"""What an answer may hold besides plain values: encrypted secrets, files by their hash.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Sensitive answers of requests that are there already stay where they are: nothing here knows the vault's keys."""
    _secrets()
    _files()


def downgrade() -> None:
    for table in ("request_files", "uploads", "file_chunks", "file_contents", "secrets"):
        op.drop_table(table)


def _key() -> sa.Column[object]:
    return sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False)


def _created(name: str = "created_at") -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False)


def _secrets() -> None:
    op.create_table(
        "secrets",
        _key(),
        sa.Column("request_id", sa.UUID()),
        sa.Column("user_id", sa.UUID()),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        _created(),
        sa.CheckConstraint(
            "(request_id IS NULL) = (user_id IS NOT NULL AND expires_at IS NOT NULL)", name=op.f("ck_secrets_owner")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["service_requests.id"],
            name=op.f("fk_secrets_request_id_service_requests"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_secrets_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_secrets")),
        sa.UniqueConstraint("request_id", "place", name=op.f("uq_secrets_request_id_place")),
    )
    op.create_index("ix_secrets_expires_at", "secrets", ["expires_at"], postgresql_where=sa.text("expires_at IS NOT NULL"))


def _files() -> None:
    op.create_table(
        "file_contents",
        sa.Column("sha256", sa.String(200), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.String(200), nullable=False),
        sa.Column("is_text", sa.Boolean(), nullable=False),
        _created("touched_at"),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_file_contents")),
    )
    op.create_table(
        "file_chunks",
        sa.Column("sha256", sa.String(200), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sha256"], ["file_contents.sha256"], name=op.f("fk_file_chunks_sha256_file_contents"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sha256", "number", name=op.f("pk_file_chunks")),
    )
    op.create_table(
        "uploads",
        _key(),
        sa.Column("upload_id", sa.String(200), nullable=False),
        sa.Column("owner_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("sha256", sa.String(200), nullable=False),
        _created(),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_uploads_owner_id_users")),
        sa.ForeignKeyConstraint(["sha256"], ["file_contents.sha256"], name=op.f("fk_uploads_sha256_file_contents")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
        sa.UniqueConstraint("upload_id", name=op.f("uq_uploads_upload_id")),
    )
    op.create_index("ix_uploads_created_at", "uploads", ["created_at"])
    op.create_index("ix_uploads_sha256", "uploads", ["sha256"])
    op.create_table(
        "request_files",
        sa.Column("request_id", sa.UUID(), nullable=False),
        sa.Column("upload_id", sa.UUID(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["service_requests.id"],
            name=op.f("fk_request_files_request_id_service_requests"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"], name=op.f("fk_request_files_upload_id_uploads")),
        sa.PrimaryKeyConstraint("request_id", "upload_id", name=op.f("pk_request_files")),
    )
    op.create_index("ix_request_files_upload_id", "request_files", ["upload_id"])
