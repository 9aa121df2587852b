"""The tables of the models as SQLAlchemy Core sees them, for the statements of `lifecycle`, `queries` and the workers."""

from enum import StrEnum
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, bindparam

from app.models.approvals import Approval, ApprovalMessage, ApprovalVote
from app.models.base import Base
from app.models.batches import BatchRow, RequestBatch
from app.models.calls import RepeatableCall
from app.models.catalog import CatalogBundle, CatalogFacet, CatalogItem, CatalogVersion, CatalogWord
from app.models.drafts import RequestDraft, RequestTemplate
from app.models.forecasts import CatalogForecast, ForecastMark
from app.models.ledger import Worker
from app.models.options import OptionList, TakenAnswer
from app.models.people import UserSession
from app.models.plans import StepPlan
from app.models.quotas import Quota, QuotaCounter, QuotaRules
from app.models.requests import (
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
from app.models.tickets import ManualTicket, TicketComment


def _table(model: type[Base]) -> Table:
    return cast("Table", model.__table__)


REQUEST = _table(ServiceRequest)
REQUEST_TEAM = _table(RequestTeam)
ITEM = _table(BundleRequestItem)
STEP = _table(RequestStep)
ATTEMPT = _table(StepAttempt)
PLAN = _table(StepPlan)
LOG = _table(StepLog)
OUTPUT = _table(RequestOutput)
EVENT = _table(RequestEvent)
TICKET = _table(ManualTicket)
COMMENT = _table(TicketComment)
APPROVAL = _table(Approval)
VOTE = _table(ApprovalVote)
MESSAGE = _table(ApprovalMessage)
DRAFT = _table(RequestDraft)
TEMPLATE = _table(RequestTemplate)
CALL = _table(RepeatableCall)
SESSION = _table(UserSession)
STATE = _table(TerraformState)
WORKER = _table(Worker)
SECRET = _table(Secret)
FILE = _table(FileContent)
CHUNK = _table(FileChunk)
UPLOAD = _table(Upload)
REQUEST_FILE = _table(RequestFile)
BATCH = _table(RequestBatch)
BATCH_ROW = _table(BatchRow)
OPTION_LIST = _table(OptionList)
TAKEN = _table(TakenAnswer)
VERSION = _table(CatalogVersion)
CATALOG_ITEM = _table(CatalogItem)
CATALOG_BUNDLE = _table(CatalogBundle)
QUOTA = _table(Quota)
QUOTA_COUNTER = _table(QuotaCounter)
QUOTA_RULES = _table(QuotaRules)
WORD = _table(CatalogWord)
FACET = _table(CatalogFacet)
FORECAST = _table(CatalogForecast)
FORECAST_MARK = _table(ForecastMark)


def is_one_of(column: ColumnElement[Any], *values: StrEnum) -> ColumnElement[bool]:
    """`column IN (…)` with the words written into the statement.

    For the indexes that hold only the rows of some statuses: a prepared plan that is good for every word cannot use them.
    """
    return column.in_(bindparam(None, [str(value) for value in values], expanding=True, literal_execute=True))
