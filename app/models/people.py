"""Who is who: people, teams, memberships, signed-in sessions and access tokens."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Created, Key, Names, Word


class User(Base):
    """A person, known by (issuer, subject). `subject` is the `user_id` that the API shows."""

    __tablename__ = "users"
    id: Mapped[Key]
    issuer: Mapped[str]
    subject: Mapped[Word]
    name: Mapped[Word]
    email: Mapped[str | None]
    created_at: Mapped[Created]
    seen_at: Mapped[datetime | None]
    teams: Mapped[list["Team"]] = relationship(secondary="team_members", order_by="Team.name", lazy="selectin")
    __table_args__ = (UniqueConstraint("issuer", "subject"),)


class Team(Base):
    """A team as the provider's groups claim names it."""

    __tablename__ = "teams"
    id: Mapped[Key]
    name: Mapped[Word] = mapped_column(unique=True)
    created_at: Mapped[Created]


class TeamMember(Base):
    """A person in a team, as last read from the provider."""

    __tablename__ = "team_members"
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    team_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True)
    read_at: Mapped[Created]


class UserSession(Base):
    """A signed-in browser. The cookie holds a random id; only its SHA-256 is stored, so that rows open no session."""

    __tablename__ = "user_sessions"
    id: Mapped[Key]
    token_hash: Mapped[Word] = mapped_column(unique=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    id_token: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Encrypted by the vault; the provider wants it back at sign-out."""
    refresh_token: Mapped[bytes | None] = mapped_column(LargeBinary)
    user_agent: Mapped[str | None]
    address: Mapped[str | None]
    created_at: Mapped[Created]
    seen_at: Mapped[Created]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class AccessToken(Base):
    """A personal access token: shown once, stored hashed, scoped, expiring."""

    __tablename__ = "access_tokens"
    id: Mapped[Key]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[Word]
    prefix: Mapped[Word]
    token_hash: Mapped[Word] = mapped_column(unique=True)
    scopes: Mapped[Names]
    created_at: Mapped[Created]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
