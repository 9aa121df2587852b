"""Personal access tokens: minted once, shown once, kept as a hash, scoped, expiring, revocable."""

import hashlib
import re
import secrets
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, or_, update

from app.errors import SignInNeeded
from app.identity.people import PEOPLE, PERSON, Db, Known, Reader, known
from app.models import AccessToken, User

PREFIX = "stratus_pat_"
SHAPE = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}", re.ASCII)
SCOPES = ("read", "write")
TOUCH_AFTER = timedelta(minutes=1)
LONGEST_DAYS = 365
COLUMNS = (AccessToken.id, AccessToken.scopes, AccessToken.expires_at, AccessToken.revoked_at, AccessToken.used_at)
HELD = (
    PEOPLE.add_columns(*COLUMNS)
    .join(AccessToken, AccessToken.user_id == User.id)
    .where(AccessToken.token_hash == bindparam("token_hash"))
)
"""A token with its holder and their teams: what every call of the API begins with, in one read."""


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who calls, and what the token lets them do.

    token_id: the row of a personal access token, None for a provider's, which says itself `until` when it is good. unnoted:
    its use was not noted in the last minute.
    """

    known: Known
    scopes: frozenset[str]
    token_id: uuid.UUID | None = None
    until: datetime | None = None
    unnoted: bool = False


def mint(
    session: Db, user_id: uuid.UUID, *, name: str, days: int, now: datetime, scopes: Collection[str] = SCOPES
) -> tuple[str, AccessToken]:
    """A new token of a person, good for `days` (1 to 365), and its row. The text exists only here: the row keeps its hash.

    The caller commits. Raises ValueError on another life or an unknown scope.
    """
    if not 1 <= days <= LONGEST_DAYS:
        raise ValueError(f"a token lives 1 to {LONGEST_DAYS} days")
    if not scopes or not set(scopes) <= set(SCOPES):
        raise ValueError(f"the scopes of a token are among {', '.join(SCOPES)}")
    token = PREFIX + secrets.token_urlsafe(32)
    row = AccessToken(
        user_id=user_id,
        name=name,
        prefix=token[: len(PREFIX) + 4],
        token_hash=digest(token),
        scopes=sorted(scopes),
        expires_at=now + timedelta(days=days),
    )
    session.add(row)
    session.flush()
    return token, row


def looks_like_one(text: str) -> bool:
    """True for a bearer that claims to be a personal access token, well formed or not."""
    return text.startswith(PREFIX)


def find(session: Reader, token: str, admin_team: str, now: datetime) -> Bearer:
    """Who holds `token`, as the database has it now. Raises SignInNeeded with a sentence: unknown, revoked, expired."""
    if not SHAPE.fullmatch(token):
        raise SignInNeeded("This access token is not one of ours: check that all of it was copied.", code="invalid_token")
    row = session.execute(HELD, {"token_hash": digest(token)}).one_or_none()
    if row is None:
        raise SignInNeeded("This access token is unknown.", code="invalid_token")
    token_id, scopes, expires_at, revoked_at, used_at = row[len(PERSON) :]
    if revoked_at is not None:
        raise SignInNeeded("This access token was revoked.", code="invalid_token")
    if expires_at <= now:
        raise SignInNeeded("This access token has expired. Make a new one.", code="invalid_token")
    unnoted = used_at is None or now - used_at >= TOUCH_AFTER
    return Bearer(known(row, admin_team), frozenset(scopes), token_id, unnoted=unnoted)


def note_use(session: Db, token_id: uuid.UUID, now: datetime) -> None:
    """Write down that a token is used now, unless another call has done so in the last minute. The caller commits."""
    stale = or_(AccessToken.used_at.is_(None), AccessToken.used_at <= now - TOUCH_AFTER)
    session.execute(update(AccessToken).where(AccessToken.id == token_id, stale).values(used_at=now))


def revoke(session: Db, user_id: uuid.UUID, token_id: uuid.UUID, now: datetime) -> bool:
    """End a token of a person at once; False when it is not theirs or was over already. The caller commits."""
    ended = session.execute(
        update(AccessToken)
        .where(AccessToken.id == token_id, AccessToken.user_id == user_id, AccessToken.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(AccessToken.id)
    )
    return ended.one_or_none() is not None


def digest(secret: str) -> str:
    """What is stored of a secret of full entropy: SHA-256 in hex. A slow hash would only slow ourselves."""
    return hashlib.sha256(secret.encode()).hexdigest()
