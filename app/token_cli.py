"""Commands of `flask` about access tokens: `flask token issue --who sarah-123`."""

from datetime import UTC, datetime

import click
from flask import current_app
from flask.cli import with_appcontext

from app import audit
from app.audit import Act
from app.extensions import db
from app.identity import people, tokens
from config import Settings


@click.group("token")
def token_group() -> None:
    """Access tokens of people."""


@token_group.command("issue")
@click.option("--who", required=True, help="Whose: the user_id of somebody who has signed in.")
@click.option("--name", default="flask token issue", show_default=True, help="What it is for.")
@click.option("--days", type=click.IntRange(1, tokens.LONGEST_DAYS), default=30, show_default=True, help="How long it lives.")
@with_appcontext
def issue(who: str, name: str, days: int) -> None:
    """Print a new access token of somebody, and nothing else. Not in production, where nobody speaks for another."""
    settings: Settings = current_app.config["SETTINGS"]
    if not settings.development:
        raise click.ClickException("in production nobody makes a token for somebody else: it would speak in their name")
    known = people.find(db.session, settings.oidc_issuer, who, settings.admin_team)
    if known is None:
        raise click.ClickException(f"nobody with the user_id {who} has signed in yet")
    token, _ = tokens.mint(db.session, known.person.id, name=name, days=days, now=datetime.now(UTC))
    audit.record(db.session.connection(), [Act("system", "token.mint", f"user:{who}", details={"name": name, "days": days})])
    db.session.commit()
    click.echo(token)
