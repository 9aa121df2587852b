"""What was ordered: requests, the items chosen, their steps, attempts, logs and outputs."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, Sequence, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSON, JSONB, UUID
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Created, Document, Key, Names, OneOf, Word

FOUND_BY = (
    "to_tsvector('simple'::regconfig, translate((title::text || ' '::text) || request_id::text, '-_./@'::text, '     '::text))"
)
"""What a request is found by: the words of its title and of its id."""
REQUEST_NUMBERS = Sequence("service_request_numbers", metadata=Base.metadata)


class ServiceRequest(Base):
    """One order of a bundle or of an item."""

    __tablename__ = "service_requests"
    id: Mapped[Key]
    number: Mapped[int] = mapped_column(BigInteger, REQUEST_NUMBERS, server_default=REQUEST_NUMBERS.next_value(), unique=True)
    """Counts orders; its steps carry it, so that older requests are served first."""
    request_id: Mapped[Word] = mapped_column(unique=True)
    title: Mapped[Word]
    catalog_kind: Mapped[Word]
    catalog_name: Mapped[Word]
    catalog_title: Mapped[Word]
    catalog_version: Mapped[Word]
    catalog_version_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("catalog_versions.id"))
    status: Mapped[str] = mapped_column(OneOf("request_status"))
    bundle_parameters: Mapped[Document]
    item_parameters: Mapped[Document]
    """By alias: the values of every selected item, defaults and fixed values included."""
    selected: Mapped[Document]
    """By alias: whether the item was selected."""
    output_groups: Mapped[list[str] | None] = mapped_column(JSONB)
    """The aliases, and `bundle`, whose documents declare outputs; null where nobody has looked."""
    outputs: Mapped[Document]
    requester_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    requester_user_id: Mapped[Word]
    requester_team: Mapped[Word]
    requester_email: Mapped[str | None]
    owner_teams: Mapped[Names]
    """Every platform team that owns a step, and every team that is asked to approve; they may see the request."""
    idempotency_key: Mapped[str | None]
    idempotency_hash: Mapped[str | None]
    priority: Mapped[int] = mapped_column(default=100, server_default="100")
    last_event: Mapped[int] = mapped_column(default=0, server_default="0")
    failure: Mapped[str | None]
    """Why a person or a timeout ended it; nobody is asked about it any more while this is set."""
    admitted: Mapped[bool] = mapped_column(default=True, server_default="true")
    """False while people have to agree first, and while it waits for its turn behind a limit: none of its steps is ready."""
    unapproved: Mapped[bool] = mapped_column(default=False, server_default="false")
    """True until everybody has agreed who must: the database lets no such request be built."""
    price: Mapped[dict[str, Any] | None]
    """What it cost when it was ordered (`app.core.cost.Price.as_json`); null where nothing of it has a price."""
    quota_takes: Mapped[dict[str, Any] | None]
    """What it takes of quotas and limits, by resource (`app.core.quota.takes`)."""
    quota_state: Mapped[str | None] = mapped_column(OneOf("quota_state"))
    """Whether that is reserved, used or released. Triggers keep it (`app/lifecycle/quotas.sql`)."""
    deadline: Mapped[datetime | None]
    created_at: Mapped[Created]
    updated_at: Mapped[Created]
    completed_at: Mapped[datetime | None]
    items: Mapped[list["BundleRequestItem"]] = relationship(order_by="BundleRequestItem.position", lazy="raise")
    steps: Mapped[list["RequestStep"]] = relationship(order_by="RequestStep.position", lazy="raise")
    __table_args__ = (
        CheckConstraint(
            "NOT unapproved OR NOT admitted"
            " AND status IN ('submitted', 'pending_approval', 'needs_info', 'cancelling', 'cancelled', 'rejected')",
            name="unapproved",
        ),
        Index(
            "uq_service_requests_idempotency",
            "requester_id",
            "idempotency_key",
            unique=True,
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
        Index("ix_service_requests_team", "requester_team", "created_at", "id"),
        Index("ix_service_requests_requester", "requester_id", "created_at", "id"),
        Index("ix_service_requests_created", "created_at", "id"),
        # No index here looks at `status`, so that a move is a HOT update as an event is: only the end is written to them all.
        # This one is what the sweep's safety net looks through.
        Index("ix_service_requests_moving", "number", postgresql_where=text("completed_at IS NULL AND admitted")),
        Index(
            "ix_service_requests_turn",
            "priority",
            "number",
            postgresql_where=text("NOT admitted AND NOT unapproved"),
        ),
        Index("ix_service_requests_completed", "completed_at", "id", postgresql_where=text("completed_at IS NOT NULL")),
        Index("ix_service_requests_deadline", "deadline", postgresql_where=text("completed_at IS NULL")),
        Index("ix_service_requests_open", "requester_id", "created_at", "id", postgresql_where=text("completed_at IS NULL")),
        Index("ix_service_requests_words", text(FOUND_BY), postgresql_using="gin"),
        {"postgresql_with": {"fillfactor": "70"}},
    )


class RequestTeam(Base):
    """A team that sees a request: the one that ordered it, or one that owns a part of it. A trigger keeps it (migration 0005).

    For lists: what a small team sees is found without a walk through what everybody else ordered.
    """

    __tablename__ = "request_teams"
    team: Mapped[Word] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(primary_key=True)
    request_id: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True), primary_key=True)


class BundleRequestItem(Base):
    """An item that an order took, at which version and with which values."""

    __tablename__ = "bundle_request_items"
    id: Mapped[Key]
    request_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("service_requests.id", ondelete="CASCADE"))
    catalog_item: Mapped[Word]
    alias: Mapped[Word]
    title: Mapped[Word]
    version: Mapped[Word]
    catalog_version_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("catalog_versions.id"))
    owner: Mapped[Word]
    parameters: Mapped[Document]
    position: Mapped[int]
    __table_args__ = (UniqueConstraint("request_id", "alias"),)


class RequestStep(Base):
    """One planned step, frozen at submit. `status` and the lease columns are written by `lifecycle` only."""

    __tablename__ = "request_steps"
    id: Mapped[Key]
    request_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("service_requests.id", ondelete="CASCADE"))
    step_id: Mapped[Word]
    step_name: Mapped[Word]
    step_title: Mapped[Word]
    step_type: Mapped[Word]
    kind: Mapped[str] = mapped_column(OneOf("step_kind"), default="step", server_default="step")
    """`step`, or a check before and after the steps: `preflight`, `health`. Checks are run as steps are, and shown apart."""
    item_alias: Mapped[str | None]
    owner_team: Mapped[Word]
    step_config: Mapped[Document]
    """The frozen step: `template retry_policy timeout outputs errors fallback_on_failure manual undo rollback` (core.plan)."""
    verification_config: Mapped[dict[str, Any] | None]
    verification: Mapped[list[Any] | None] = mapped_column(JSONB)
    """What verification saw: `[{name, ok, expected, actual}]`."""
    depends_on: Mapped[Names]
    module_sha256: Mapped[str | None] = mapped_column(ForeignKey("catalog_modules.sha256"))
    status: Mapped[str] = mapped_column(OneOf("step_status"))
    activity: Mapped[str] = mapped_column(OneOf("step_activity"), default="run", server_default="run")
    position: Mapped[int]
    request_number: Mapped[int] = mapped_column(BigInteger)
    priority: Mapped[int] = mapped_column(default=100, server_default="100")
    attempt: Mapped[int] = mapped_column(default=0, server_default="0")
    attempt_group: Mapped[int] = mapped_column(default=1, server_default="1")
    """Attempts of one group carry the same idempotency key; a person's retry begins a new group."""
    group_attempt: Mapped[int] = mapped_column(default=0, server_default="0")
    losses: Mapped[int] = mapped_column(default=0, server_default="0")
    """How many workers in a row were lost with this step: at three a person looks instead."""
    lease_token: Mapped[uuid.UUID | None] = mapped_column(UUID(as_uuid=True))
    lease_until: Mapped[datetime | None]
    claimed_at: Mapped[datetime | None]
    claimed_by: Mapped[str | None]
    check_after: Mapped[datetime | None]
    deadline: Mapped[datetime | None]
    ready_at: Mapped[datetime | None]
    """Since when it waits for a worker, or has last done so."""
    stop_wanted: Mapped[bool] = mapped_column(default=False, server_default="false")
    """The request is being cancelled: whoever runs this step, here or outside, is asked to end it."""
    undo: Mapped[str | None] = mapped_column(OneOf("step_undo"))
    """`wanted` while the request rolls back, `kept` when a person said that it stays."""
    handle: Mapped[Document]
    external_id: Mapped[str | None]
    tracking_url: Mapped[str | None]
    outputs: Mapped[Document]
    secret_outputs: Mapped[bytes | None] = mapped_column(LargeBinary)
    """JSON object of the sensitive outputs, encrypted by the vault."""
    sensitive_outputs: Mapped[Names]
    managed_by: Mapped[str | None]
    error: Mapped[dict[str, Any] | None]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    attempts: Mapped[list["StepAttempt"]] = relationship(order_by="StepAttempt.attempt_number", lazy="raise")
    __table_args__ = (
        UniqueConstraint("request_id", "step_id"),
        Index("ix_request_steps_ready", "priority", "request_number", "position", postgresql_where=text("status = 'ready'")),
        Index(
            "ix_request_steps_running", "request_id", "position", postgresql_where=text("status IN ('running', 'verifying')")
        ),
        # Waits, probes and undos alike: whatever is to be looked at by itself has a time, and nothing else has.
        Index("ix_request_steps_due", "check_after", postgresql_where=text("check_after IS NOT NULL")),
        {
            "postgresql_with": {
                "fillfactor": "70",
                "autovacuum_vacuum_scale_factor": "0",
                "autovacuum_vacuum_threshold": "5000",
            }
        },
    )


class StepAttempt(Base):
    """One attempt: the row is the intent, committed before the outside call begins."""

    __tablename__ = "step_attempts"
    id: Mapped[Key]
    step_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("request_steps.id", ondelete="CASCADE"))
    attempt_number: Mapped[int]
    idempotency_key: Mapped[Word]
    status: Mapped[str] = mapped_column(OneOf("attempt_status"))
    worker: Mapped[str | None]
    lease_token: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True))
    inputs: Mapped[dict[str, Any] | None]
    """The rendered template, secrets masked: what people see when it fails."""
    error: Mapped[dict[str, Any] | None]
    evidence: Mapped[dict[str, Any] | None]
    noted: Mapped[dict[str, Any] | None]
    """What the step noted before it acted, for a probe: facts without secrets."""
    late_result: Mapped[dict[str, Any] | None]
    """What a worker that had lost its lease wanted to record; kept for people, changes nothing."""
    external_id: Mapped[str | None]
    started_at: Mapped[Created]
    completed_at: Mapped[datetime | None]
    __table_args__ = (UniqueConstraint("step_id", "attempt_number"),)


class StepLog(Base):
    """One line of one attempt's log, numbered from 1. Partitioned by month."""

    __tablename__ = "step_logs"
    step_id: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True), primary_key=True)
    attempt_number: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    logged_at: Mapped[Created] = mapped_column(primary_key=True)
    line: Mapped[str]
    __table_args__ = ({"postgresql_partition_by": "RANGE (logged_at)"},)


class RequestOutput(Base):
    """One output of a finished item, as the requester gets it."""

    __tablename__ = "request_outputs"
    id: Mapped[Key]
    request_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("service_requests.id", ondelete="CASCADE"))
    group: Mapped[Word]
    name: Mapped[Word]
    value: Mapped[Any] = mapped_column(JSON, nullable=True)
    """JSON in clear, unless `sensitive`: then null, and `secret_value` holds it encrypted."""
    secret_value: Mapped[bytes | None] = mapped_column(LargeBinary)
    sensitive: Mapped[bool] = mapped_column(default=False, server_default="false")
    description: Mapped[str | None]
    position: Mapped[int]
    created_at: Mapped[Created]
    __table_args__ = (UniqueConstraint("request_id", "group", "name"),)


class RequestEvent(Base):
    """One numbered thing that happened to a request, without holes. Partitioned by month."""

    __tablename__ = "request_events"
    request_id: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    occurred_at: Mapped[Created] = mapped_column(primary_key=True)
    kind: Mapped[Word]
    actor: Mapped[str | None]
    step_id: Mapped[str | None]
    payload: Mapped[Document]
    __table_args__ = ({"postgresql_partition_by": "RANGE (occurred_at)"},)


class TerraformState(Base):
    """One version of the state of one step's resources, encrypted. The newest serial is the state."""

    __tablename__ = "terraform_states"
    id: Mapped[Key]
    step_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("request_steps.id", ondelete="CASCADE"))
    version: Mapped[int] = mapped_column(BigInteger)
    """Counts writes from 1; Terraform's own serial lies inside the ciphertext."""
    ciphertext: Mapped[bytes] = mapped_column(LargeBinary)
    written_with: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True))
    """The lease token under which it was written."""
    created_at: Mapped[Created]
    __table_args__ = (UniqueConstraint("step_id", "version"),)
