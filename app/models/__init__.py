"""Tables: columns, relations, constraints, one-line properties."""

from app.models.approvals import APPROVAL_NUMBERS, Approval, ApprovalMessage, ApprovalVote
from app.models.base import Base
from app.models.batches import BatchRow, RequestBatch
from app.models.calls import RepeatableCall
from app.models.catalog import (
    CatalogBundle,
    CatalogFacet,
    CatalogFault,
    CatalogItem,
    CatalogModule,
    CatalogSync,
    CatalogVersion,
    CatalogWord,
)
from app.models.drafts import RequestDraft, RequestTemplate
from app.models.forecasts import CatalogForecast, ForecastMark
from app.models.ledger import AuditEntry, Worker
from app.models.options import OptionList, TakenAnswer
from app.models.people import AccessToken, Team, TeamMember, User, UserSession
from app.models.plans import StepPlan
from app.models.quotas import Quota, QuotaCounter, QuotaRules
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
from app.models.secrets import FileChunk, FileContent, RequestFile, Secret, Upload
from app.models.tickets import TICKET_NUMBERS, ManualTicket, TicketComment

__all__ = [
    "APPROVAL_NUMBERS",
    "REQUEST_NUMBERS",
    "TICKET_NUMBERS",
    "AccessToken",
    "Approval",
    "ApprovalMessage",
    "ApprovalVote",
    "AuditEntry",
    "Base",
    "BatchRow",
    "BundleRequestItem",
    "CatalogBundle",
    "CatalogFacet",
    "CatalogFault",
    "CatalogForecast",
    "CatalogItem",
    "CatalogModule",
    "CatalogSync",
    "CatalogVersion",
    "CatalogWord",
    "FileChunk",
    "FileContent",
    "ForecastMark",
    "ManualTicket",
    "OptionList",
    "Quota",
    "QuotaCounter",
    "QuotaRules",
    "RepeatableCall",
    "RequestBatch",
    "RequestDraft",
    "RequestEvent",
    "RequestFile",
    "RequestOutput",
    "RequestStep",
    "RequestTeam",
    "RequestTemplate",
    "Secret",
    "ServiceRequest",
    "StepAttempt",
    "StepLog",
    "StepPlan",
    "TakenAnswer",
    "Team",
    "TeamMember",
    "TerraformState",
    "TicketComment",
    "Upload",
    "User",
    "UserSession",
    "Worker",
]
