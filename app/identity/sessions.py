"""Signed-in browsers as rows that can be ended. The browser holds a random id; the row holds its hash and the sealed tokens."""

import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, update

from app.identity.people import PEOPLE, PERSON, Db, Known, Reader, known
from app.identity.tokens import digest
from app.models import User, UserSession
from app.vault import Vault, VaultError

TOUCH_AFTER = timedelta(minutes=1)
LIVE = (
    PEOPLE.add_columns(UserSession.id, UserSession.seen_at)
    .join(UserSession, UserSession.user_id == User.id)
    .where(
        UserSession.token_hash == bindparam("token_hash"),
        UserSession.ended_at.is_(None),
        UserSession.expires_at > bindparam("now"),
    )
)
"""A session that is neither ended nor expired, with whose it is and their teams, in one read."""


@dataclass(frozen=True, slots=True)
class Found:
    """A live session and whose it is. unnoted: it was not noted in the last minute that it is used."""

    session_id: uuid.UUID
    known: Known
    unnoted: bool = False


@dataclass(frozen=True, slots=True)
class Client:
    """The browser that signs in, for the list of one's sessions."""

    user_agent: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class ProviderTokens:
    """What the provider gave for later: the ID token for signing out there, the refresh token for reading teams again."""

    id_token: str | None = None
    refresh_token: str | None = None


def start(
    session: Db, vault: Vault, user_id: uuid.UUID, given: ProviderTokens, *, hours: int, client: Client, now: datetime
) -> str:
    """Open a session of `hours` and answer its id of 256 bits, for the cookie alone. The caller commits."""
    secret = secrets.token_urlsafe(32)
    row = UserSession(
        id=uuid.uuid4(),
        token_hash=digest(secret),
        user_id=user_id,
        user_agent=client.user_agent[:500] if client.user_agent else None,
        address=client.address,
        expires_at=now + timedelta(hours=hours),
    )
    _seal(vault, row, given)
    session.add(row)
    session.flush()
    return secret


def find(session: Reader, secret: str, admin_team: str, now: datetime) -> Found | None:
    """The live session behind a cookie's id; None when it was never there, has ended or has expired."""
    row = session.execute(LIVE, {"token_hash": digest(secret), "now": now}).one_or_none()
    if row is None:
        return None
    session_id, seen_at = row[len(PERSON) :]
    return Found(session_id, known(row, admin_team), unnoted=now - seen_at >= TOUCH_AFTER)


def note_use(session: Db, session_id: uuid.UUID, now: datetime) -> None:
    """Write down that a session is used now. The caller commits."""
    session.execute(update(UserSession).where(UserSession.id == session_id).values(seen_at=now))


def end(session: Db, vault: Vault, secret: str, now: datetime) -> str | None:
    """End a session; answers its ID token, which the provider wants back. The caller commits."""
    row = session.execute(
        select(UserSession).where(UserSession.token_hash == digest(secret), UserSession.ended_at.is_(None)).with_for_update()
    ).scalar_one_or_none()
    if row is None:
        return None
    id_token = opened(vault, row).id_token
    close(row, now)
    return id_token


def end_all(session: Db, user_id: uuid.UUID, now: datetime) -> int:
    """End every session of a person; answers how many there were. The caller commits."""
    ended = session.execute(
        update(UserSession)
        .where(UserSession.user_id == user_id, UserSession.ended_at.is_(None))
        .values(ended_at=now, id_token=None, refresh_token=None)
        .returning(UserSession.id)
    )
    return len(ended.all())


def close(row: UserSession, now: datetime) -> None:
    """End the session in `row`, and drop the provider's tokens with it: an ended session keeps nothing that opens a door."""
    row.ended_at = now
    row.id_token = row.refresh_token = None


def opened(vault: Vault, row: UserSession) -> ProviderTokens:
    """The provider's tokens of a session; None for what is not there or what no key opens any more."""
    return ProviderTokens(
        _open(vault, row.id_token, "id_token", row.id), _open(vault, row.refresh_token, "refresh_token", row.id)
    )


def keep(vault: Vault, row: UserSession, given: ProviderTokens) -> None:
    """Replace the tokens of a session by newer ones; what the provider did not send anew stays."""
    before = opened(vault, row)
    _seal(vault, row, ProviderTokens(given.id_token or before.id_token, given.refresh_token or before.refresh_token))


def _seal(vault: Vault, row: UserSession, given: ProviderTokens) -> None:
    for column, text in (("id_token", given.id_token), ("refresh_token", given.refresh_token)):
        setattr(row, column, vault.encrypt(text.encode(), cell(column, row.id)) if text else None)


def _open(vault: Vault, sealed: bytes | None, column: str, row_id: uuid.UUID) -> str | None:
    if sealed is None:
        return None
    try:
        return vault.decrypt(sealed, cell(column, row_id)).decode()
    except VaultError:
        # Keys were taken away: the person signs in again, which is all that these tokens save.
        return None


def cell(column: str, row_id: uuid.UUID) -> str:
    """The address of a token of the provider, bound into its encryption."""
    return f"user_sessions.{column}:{row_id}"
