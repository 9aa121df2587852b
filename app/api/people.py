"""Who calls, and their personal access tokens."""

import uuid
from datetime import UTC, datetime

from flask import Blueprint, Response, g
from sqlalchemy import select

from app import audit
from app.api.correlation import caller
from app.api.endpoint import endpoint
from app.api.once import once
from app.api.shapes import people as shapes
from app.errors import Fault, Invalid, NotFound
from app.extensions import db
from app.identity import current_person, tokens
from app.identity.guard import api_caller
from app.models import AccessToken
from app.reader import reader
from app.transaction import Unit, transaction

blueprint = Blueprint("people", __name__)
TAG = "the caller"


@blueprint.get("/me")
@api_caller
@endpoint(TAG, shapes.Me)
def get_me() -> shapes.Me:
    """Who calls."""
    return shapes.Me.of(current_person())


@blueprint.get("/tokens")
@api_caller
@endpoint(TAG, shapes.TokenList)
def list_tokens() -> shapes.TokenList:
    """The caller's tokens that were not revoked, newest first."""
    mine = select(AccessToken).where(AccessToken.user_id == current_person().id, AccessToken.revoked_at.is_(None))
    return shapes.TokenList.of(db.session.scalars(mine.order_by(AccessToken.created_at.desc(), AccessToken.id)).all())


@blueprint.post("/tokens")
@api_caller
@endpoint(TAG, shapes.TokenCreated, status=201, body=shapes.NewToken, takes_key=True, refusals=[409])
def create_token(body: shapes.NewToken) -> shapes.TokenCreated | Response:
    """Make a token for the caller. Its text is in this answer and nowhere else.

    Under an `Idempotency-Key` one token is made; the same call again is 409 `shown_once`, which names the token.
    """

    def mint(unit: Unit) -> shapes.TokenCreated:
        scopes = _granted(body.scopes)
        text, row = tokens.mint(
            db.session, current_person().id, name=body.name, days=body.days, now=datetime.now(UTC), scopes=scopes
        )
        _note(unit, "token.create", row.id, name=body.name, scopes=scopes, days=body.days)
        return shapes.TokenCreated.of(row, token=text)

    return once(mint, named=lambda made: f"the token {made.token_id}")


@blueprint.delete("/tokens/<uuid:token_id>")
@api_caller
@endpoint(TAG, None, status=204)
def revoke_token(token_id: uuid.UUID) -> None:
    """End one of the caller's tokens at once, be it the one that calls."""
    with transaction() as unit:
        if not tokens.revoke(db.session, current_person().id, token_id, datetime.now(UTC)):
            raise NotFound("You have no such token, or it was revoked before.")
        _note(unit, "token.revoke", token_id)


def _granted(asked: list[shapes.Scope] | None) -> list[str]:
    """The scopes of a new token. Raises Invalid for more than the calling one has."""
    calling = reader().scalar(select(AccessToken.scopes).where(AccessToken.id == g.token_id)) if g.token_id else None
    own = sorted(calling if calling is not None else tokens.SCOPES)
    if asked is not None and not set(asked) <= set(own):
        message = f"can be {' and '.join(own)}, as those of the token that you call with"
        raise Invalid(faults=[Fault(("scopes",), "oneof", message, {"oneof": own})])
    return sorted(set(asked)) if asked is not None else own


def _note(unit: Unit, action: str, token_id: uuid.UUID, **details: object) -> None:
    by = caller()
    act = audit.Act(
        by.person.user_id,
        action,
        f"token:{token_id}",
        address=by.address,
        correlation_id=by.correlation_id,
        details=details,
    )
    audit.record(unit.connection, [act])
