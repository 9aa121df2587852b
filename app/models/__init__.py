"""Tables: columns, relations, constraints, one-line properties."""

from app.models.base import Base
from app.models.catalog import CatalogBundle, CatalogFault, CatalogItem, CatalogModule, CatalogSync, CatalogVersion
from app.models.drafts import RequestDraft, RequestTemplate
from app.models.ledger import AuditEntry, Worker
from app.models.people import AccessToken, Team, TeamMember, User, UserSession
from app.models.requests import (
    REQUEST_NUMBERS,
    BundleRequestItem,
    RequestEvent,
    RequestOutput,
    RequestStep,
    RequestTeam,
    ServiceRequest,
    StepAttempt,
    StepLog,
    TerraformState,
)
from app.models.tickets import TICKET_NUMBERS, ManualTicket, TicketComment

__all__ = [
    "REQUEST_NUMBERS",
    "TICKET_NUMBERS",
    "AccessToken",
    "AuditEntry",
    "Base",
    "BundleRequestItem",
    "CatalogBundle",
    "CatalogFault",
    "CatalogItem",
    "CatalogModule",
    "CatalogSync",
    "CatalogVersion",
    "ManualTicket",
    "RequestDraft",
    "RequestEvent",
    "RequestOutput",
    "RequestStep",
    "RequestTeam",
    "RequestTemplate",
    "ServiceRequest",
    "StepAttempt",
    "StepLog",
    "Team",
    "TeamMember",
    "TerraformState",
    "TicketComment",
    "User",
    "UserSession",
    "Worker",
]
