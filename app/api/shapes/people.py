"""Who calls, and their access tokens."""

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field

from app.api.shapes.common import Body, Moment
from app.core.access import Person
from app.core.shapes import Shape
from app.identity.tokens import LONGEST_DAYS
from app.models import AccessToken

Scope = Literal["read", "write"]


class Me(Body):
    """Who calls, as the sign-in provider last described them."""

    user_id: str
    name: str
    email: str | None
    teams: list[str]
    is_admin: bool

    @classmethod
    def of(cls, person: Person) -> Self:
        """The shape of a person."""
        return cls(
            user_id=person.user_id,
            name=person.name,
            email=person.email,
            teams=sorted(person.teams),
            is_admin=person.is_admin,
        )


class NewToken(Shape):
    """A token to make. It can do no more than the token that makes it."""

    name: str = Field(min_length=1, max_length=100, description="What it is for.")
    days: int = Field(default=90, ge=1, le=LONGEST_DAYS, description="How long it lives.")
    scopes: Annotated[list[Scope] | None, Field(min_length=1)] = Field(
        default=None, description="What it may do; as much as the token that makes it when left out."
    )


class Token(Body):
    """An access token, without its text."""

    token_id: str
    name: str
    prefix: str = Field(description="How its text begins.")
    scopes: list[Scope]
    created_at: Moment
    expires_at: Moment
    used_at: Moment | None

    @classmethod
    def of(cls, row: AccessToken, **more: str) -> Self:
        """The shape of a token."""
        return cls(
            token_id=str(row.id),
            name=row.name,
            prefix=row.prefix,
            scopes=sorted(row.scopes),
            created_at=row.created_at,
            expires_at=row.expires_at,
            used_at=row.used_at,
            **more,
        )


class TokenCreated(Token):
    """A token that was just made, with its text: it is shown this once."""

    token: str


class TokenList(Body):
    """The caller's tokens that were not revoked, newest first."""

    tokens: list[Token]

    @classmethod
    def of(cls, rows: Sequence[AccessToken]) -> Self:
        """The shape of tokens."""
        return cls(tokens=[Token.of(row) for row in rows])
