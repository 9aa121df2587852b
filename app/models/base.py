"""The declarative base, naming of constraints, and the column types that every table uses."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from sqlalchemy import CheckConstraint, DateTime, MetaData, String, func, text
from sqlalchemy.dialects.postgresql import JSON, JSONB, UUID
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """All tables of Stratus."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: DateTime(timezone=True), dict[str, Any]: JSON, list[Any]: JSONB, list[str]: JSONB}


Key = Annotated[
    uuid.UUID, mapped_column(UUID(as_uuid=True), primary_key=True, default=uuid.uuid4, server_default=func.gen_random_uuid())
]
Created = Annotated[datetime, mapped_column(server_default=func.clock_timestamp())]
# JSON, not JSONB: the order of keys is what somebody wrote (outputs of a form, inputs of a table), and JSONB loses it.
Document = Annotated[dict[str, Any], mapped_column(JSON, server_default=text("'{}'::json"), default=dict)]
Names = Annotated[list[str], mapped_column(JSONB, server_default=text("'[]'::jsonb"), default=list)]
Word = Annotated[str, mapped_column(String(200))]


class OneOf(String):
    """Text that is a member of an enum: the database knows the words as well, by a domain.

    A check of the table would do, but each statement that writes to it reads and plans all of its checks anew. For the tables
    that every step writes to; the migration that makes a domain says its words.
    """

    def __init__(self, domain: str) -> None:
        super().__init__()
        self.domain = domain


@compiles(OneOf, "postgresql")
def _domain(kind: OneOf, _compiler: Any, **_options: Any) -> str:
    return kind.domain


def one_of(column: str, values: Iterable[StrEnum], name: str) -> CheckConstraint:
    """A check that a text column holds a member of an enum: the database knows the words as well."""
    words = ", ".join(f"'{member.value}'" for member in values)
    return CheckConstraint(f"{column} IN ({words})", name=name)
