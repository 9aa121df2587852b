"""What teams may use and have used: one's own, and for administrators everybody's, with the limits to set."""

from collections.abc import Sequence
from decimal import Decimal

from flask import Blueprint

from app.api.correlation import caller
from app.api.endpoint import endpoint
from app.api.shapes import quotas as shapes
from app.errors import NotAllowed
from app.identity import current_person
from app.identity.guard import api_caller
from app.lifecycle.quota_limits import set_limits
from app.queries import quotas
from app.reader import reader
from app.transaction import transaction

blueprint = Blueprint("quotas", __name__)
TAG = "quotas"


@blueprint.get("/quotas")
@api_caller
@endpoint(TAG, shapes.QuotaList)
def get_quotas() -> shapes.QuotaList:
    """The quotas of the caller's teams."""
    return _told(sorted(current_person().teams))


@blueprint.get("/admin/quotas")
@api_caller
@endpoint(TAG, shapes.QuotaList, query=shapes.QuotasQuery, refusals=[403])
def get_all_quotas(query: shapes.QuotasQuery) -> shapes.QuotaList:
    """The quotas of every team that is known, 200 at most; `team` narrows. For administrators."""
    if not current_person().is_admin:
        raise NotAllowed("only administrators see the quotas of every team")
    return _told(quotas.teams(reader(), query.team or ""))


@blueprint.put("/admin/quotas")
@api_caller
@endpoint(TAG, shapes.TeamQuotas, body=shapes.NewLimits)
def set_quotas(body: shapes.NewLimits) -> shapes.TeamQuotas:
    """Set all limits of one team. They win over the catalog's file until they are taken away. For administrators."""
    limits = {resource: Decimal(str(limit)) for resource, limit in body.limits.items()}
    with transaction() as unit:
        set_limits(unit, caller(), body.team, limits)
    return _told([body.team]).teams[0]


def _told(teams: Sequence[str]) -> shapes.QuotaList:
    return shapes.QuotaList(teams=shapes.TeamQuotas.all_of(teams, quotas.standing(reader(), teams)))
