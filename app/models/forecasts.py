"""What past runs tell of the next one. Read from finished requests by the workers, never from what is going on."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import JSON, UUID
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Created, Document, Word


class CatalogForecast(Base):
    """The figures of one entry, as `core.forecast` makes them: seconds, and null while there are too few runs."""

    __tablename__ = "catalog_forecasts"
    kind: Mapped[Word] = mapped_column(primary_key=True)
    name: Mapped[Word] = mapped_column(primary_key=True)
    runs: Mapped[int]
    usual: Mapped[float | None]
    late: Mapped[float | None]
    helped: Mapped[int | None]
    wait: Mapped[float | None]
    steps: Mapped[Document]
    """By `alias.step`, or the step's name alone: what is usual."""
    kept: Mapped[list[Any]] = mapped_column(JSON, server_default="[]", default=list)
    """The last runs that the figures are made of: `[[took, waited, {step: seconds}]]`, the newest last."""
    updated_at: Mapped[Created]


class ForecastMark(Base):
    """How far finished requests have been read: the last one, by when it was completed."""

    __tablename__ = "forecast_marks"
    name: Mapped[Word] = mapped_column(primary_key=True)
    completed_at: Mapped[datetime]
    request_id: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True))
