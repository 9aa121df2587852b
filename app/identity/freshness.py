"""Reads a person's teams from the provider again, once what is known of them is older than 15 minutes."""

import uuid
from datetime import datetime

from sqlalchemy import select

from app.identity import people, sessions
from app.identity.claims import Profile, SignInRefused
from app.identity.oidc import Provider
from app.identity.people import Db, Known
from app.models import UserSession
from app.vault import Vault


def confirm(
    session: Db,
    provider: Provider,
    vault: Vault,
    stale: Known,
    admin_team: str,
    now: datetime,
    session_id: uuid.UUID | None = None,
) -> Known | None:
    """The person as the provider describes them now; None when no session of theirs makes it answer.

    session_id: the session to ask with first. A session that the provider refuses is ended. Raises Unavailable when the
    provider does not answer. The caller commits. Cost: one call of the provider, with the session's row locked, so that
    requests at the same moment make one call together (who rotates refresh tokens takes a second use for theft).
    """
    while True:
        row = _ask_with(session, stale.person.id, session_id)
        current = people.get(session, stale.person.id, admin_team)
        if current.fresh(now):
            return current
        if row is None:
            return None
        try:
            people.note(session, _asked(provider, vault, row, current))
        except SignInRefused:
            sessions.close(row, now)
            session.flush()
            continue
        return people.get(session, stale.person.id, admin_team)


def _ask_with(session: Db, user_id: uuid.UUID, preferred: uuid.UUID | None) -> UserSession | None:
    return session.execute(
        select(UserSession)
        .where(UserSession.user_id == user_id, UserSession.ended_at.is_(None), UserSession.refresh_token.is_not(None))
        .order_by((UserSession.id == preferred).desc(), UserSession.created_at.desc())
        .limit(1)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()


def _asked(provider: Provider, vault: Vault, row: UserSession, current: Known) -> Profile:
    """Raises SignInRefused also for a token that no key of the vault opens."""
    refresh_token = sessions.opened(vault, row).refresh_token
    if refresh_token is None or current.issuer != provider.issuer:
        raise SignInRefused
    arrival = provider.refresh(refresh_token, current.person.user_id)
    sessions.keep(vault, row, arrival.tokens)
    return arrival.profile
