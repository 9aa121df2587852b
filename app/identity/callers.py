"""Who calls the API: the person behind a bearer token, be it a personal one of ours or an access token of the provider."""

from dataclasses import replace
from datetime import UTC, datetime

from app.errors import SignInNeeded
from app.extensions import db
from app.identity import bearer, freshness, people, tokens
from app.identity.claims import read, teams_in
from app.identity.parts import now, parts
from app.identity.people import Known
from app.identity.tokens import Bearer
from app.reader import let_go, reader


def of_bearer(authorization: str) -> Bearer:
    """Who holds the token in an Authorization header, looked up anew with every call: what is revoked is refused at once.

    Cost: one read; where something is to be noted, a transaction besides. Raises SignInNeeded with a sentence
    (`unauthenticated`, `invalid_token`, `token_suspended`), SignInRefused when the provider does not say which teams the holder
    is in, and Unavailable when it does not answer.
    """
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise SignInNeeded("Send an access token: Authorization: Bearer … Cookies are not accepted here.")
    return _by_personal_token(token) if tokens.looks_like_one(token) else _by_provider_token(token)


def _by_personal_token(token: str) -> Bearer:
    found = tokens.find(reader(), token, parts().settings.admin_team, now())
    fresh = found.known.fresh(now())
    if fresh and not found.unnoted:
        return found
    let_go()
    if found.unnoted and found.token_id is not None:
        tokens.note_use(db.session, found.token_id, now())
    known = found.known if fresh else _confirmed(found.known)
    db.session.commit()
    return replace(found, known=known)


def _confirmed(stale: Known) -> Known:
    here = parts()
    fresh = freshness.confirm(db.session, here.provider, here.vault, stale, here.settings.admin_team, now())
    if fresh is not None:
        return fresh
    # The development profile mints tokens before the first sign-in, when there is nothing to ask the provider with.
    if here.settings.development:
        return stale
    db.session.commit()
    raise SignInNeeded(
        "This access token is suspended: the sign-in provider has not confirmed your teams for 15 minutes. "
        "Sign in to the portal and it works again.",
        code="token_suspended",
    )


def _by_provider_token(token: str) -> Bearer:
    here = parts()
    claims = bearer.verify(token, here.rules, here.keys, now())
    issuer, admin_team = here.settings.oidc_issuer, here.settings.admin_team
    known = people.find(reader(), issuer, claims["sub"], admin_team)
    if known is None or not known.fresh(now()):
        let_go()
        path = here.settings.oidc_groups_claim
        more = here.provider.userinfo(token) if teams_in(claims, path) is None else None
        user = people.note(db.session, read(issuer, claims, more, path))
        known = people.get(db.session, user.id, admin_team)
        db.session.commit()
    return Bearer(known, frozenset(tokens.SCOPES), until=datetime.fromtimestamp(claims["exp"], UTC))
