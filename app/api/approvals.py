"""Approvals: what waits for somebody to agree, and the ways in which they decide it."""

from typing import Any

from flask import Blueprint

from app.api.correlation import caller
from app.api.endpoint import endpoint
from app.api.parts import cursors
from app.api.shapes import approvals as shapes
from app.api.shapes import requests as request_shapes
from app.identity import current_person
from app.identity.guard import api_caller
from app.lifecycle import quotas
from app.lifecycle.approvals import deciding, revising
from app.queries import approvals as queries
from app.queries import requests
from app.reader import reader
from app.transaction import transaction

blueprint = Blueprint("approvals", __name__)
TAG = "approvals"


@blueprint.get("/approvals")
@api_caller
@endpoint(TAG, shapes.ApprovalList, query=shapes.ApprovalsQuery)
def list_approvals(query: shapes.ApprovalsQuery) -> shapes.ApprovalList:
    """Approvals that the caller is asked for, oldest first; never those of their own orders."""
    person = current_person()
    found = queries.listing(reader(), person, query.filters, query.limit, query.cursor, cursors())
    return shapes.ApprovalList.of(found, person)


@blueprint.get("/approvals/<approval_id>")
@api_caller
@endpoint(TAG, shapes.ApprovalDetail)
def get_approval(approval_id: str) -> shapes.ApprovalDetail:
    """One approval with all that is needed to decide it."""
    return _shown(approval_id)


@blueprint.post("/approvals/<approval_id>/approve")
@api_caller
@endpoint(TAG, shapes.ApprovalDetail, body=shapes.Agreement, refusals=[409])
def approve(approval_id: str, body: shapes.Agreement) -> shapes.ApprovalDetail:
    """Agree. The request begins once everybody has agreed who must. Nobody agrees to their own order."""
    with transaction() as unit:
        deciding.approve(unit, caller(), approval_id, body.comment, body.digest)
    return _shown(approval_id)


@blueprint.post("/approvals/<approval_id>/reject")
@api_caller
@endpoint(TAG, shapes.ApprovalDetail, body=shapes.Refusal, refusals=[409])
def reject(approval_id: str, body: shapes.Refusal) -> shapes.ApprovalDetail:
    """Say no: the request ends rejected, and the requester reads why."""
    with transaction() as unit:
        deciding.reject(unit, caller(), approval_id, body.reason, body.digest)
    return _shown(approval_id)


@blueprint.post("/approvals/<approval_id>/send-back")
@api_caller
@endpoint(TAG, shapes.ApprovalDetail, body=shapes.SentBack, refusals=[409])
def send_back(approval_id: str, body: shapes.SentBack) -> shapes.ApprovalDetail:
    """Say no for now: the request ends rejected, and its order is a draft of the requester, with the comment."""
    with transaction() as unit:
        deciding.send_back(unit, caller(), approval_id, body.comment, body.digest)
    return _shown(approval_id)


@blueprint.post("/approvals/<approval_id>/ask")
@api_caller
@endpoint(TAG, shapes.ApprovalDetail, body=shapes.Question, refusals=[409])
def ask_requester(approval_id: str, body: shapes.Question) -> shapes.ApprovalDetail:
    """Ask the requester something: the request needs an answer, and the time to agree stands still until there is one."""
    with transaction() as unit:
        deciding.ask(unit, caller(), approval_id, body.question)
    return _shown(approval_id)


@blueprint.post("/requests/<request_id>/answer")
@api_caller
@endpoint(TAG, request_shapes.RequestDetail, body=shapes.Answer, refusals=[409])
def answer_question(request_id: str, body: shapes.Answer) -> request_shapes.RequestDetail:
    """Answer what approvers asked about one's own request."""
    with transaction() as unit:
        deciding.answer(unit, caller(), request_id, body.text)
    return _request(request_id)


@blueprint.put("/requests/<request_id>/order")
@api_caller
@endpoint(TAG, request_shapes.RequestDetail, body=request_shapes.Order, refusals=[409])
def revise_order(request_id: str, body: dict[str, Any]) -> request_shapes.RequestDetail:
    """Change one's own order while it waits for approval, as a whole; `********` keeps a secret. Who had agreed is asked anew.

    It stays an order of the same entry and team. A question that was asked counts as answered.
    """
    with transaction() as unit:
        revising.revise(unit, caller(), request_id, body)
    return _request(request_id)


def _shown(approval_id: str) -> shapes.ApprovalDetail:
    person = current_person()
    listed = queries.one(reader(), person, approval_id)
    detail = requests.detail(reader(), person, listed.request_id)
    lines = quotas.held_by(reader(), listed.request_id)
    return shapes.ApprovalDetail.whole(listed, detail, lines, person)


def _request(request_id: str) -> request_shapes.RequestDetail:
    person = current_person()
    return request_shapes.RequestDetail.of(requests.detail(reader(), person, request_id), person)
