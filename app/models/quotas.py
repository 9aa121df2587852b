"""What teams may use: limits from the catalog's file and from administrators, and running counts of what is taken."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Numeric, SmallInteger, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Created, Document, Word

AMOUNT = Numeric(20, 4)


class Quota(Base):
    """How much of one resource one team may take; of a team that is not named, the row whose team is empty counts."""

    __tablename__ = "quotas"
    team: Mapped[Word] = mapped_column(primary_key=True)
    """Empty: every team."""
    resource: Mapped[Word] = mapped_column(primary_key=True)
    source: Mapped[Word] = mapped_column(primary_key=True)
    """`file` is what `quotas.yaml` says, `admin` what an administrator has set, which wins."""
    limit: Mapped[Decimal] = mapped_column(AMOUNT)
    set_by: Mapped[str | None]
    updated_at: Mapped[Created]
    __table_args__ = (CheckConstraint("source IN ('file', 'admin')", name="source"),)


class QuotaRules(Base):
    """What else `quotas.yaml` says: `warn_at`, `currency`, and the names of resources. One row."""

    __tablename__ = "quota_rules"
    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, default=1, server_default=text("1"))
    rules: Mapped[Document]
    updated_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)


class QuotaCounter(Base):
    """What one holder has taken of one resource. Triggers keep it (`app/lifecycle/quotas.sql`), from the first order on that
    a limit was looked at for; before that nobody counts.
    """

    __tablename__ = "quota_counters"
    holder: Mapped[str] = mapped_column(String(250), primary_key=True)
    """`team:<name>`, or `user:<id>` for limits of one person."""
    resource: Mapped[Word] = mapped_column(primary_key=True)
    used: Mapped[Decimal] = mapped_column(AMOUNT)
    reserved: Mapped[Decimal] = mapped_column(AMOUNT)
    __table_args__: Any = ({"postgresql_with": {"fillfactor": "50"}},)
