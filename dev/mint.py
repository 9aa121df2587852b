"""Print a personal access token of the account that the environment variable `WHO` names, and nothing else."""

import os
import sys
from datetime import UTC, datetime

from app import audit, create_app
from app.audit import Act
from app.extensions import db
from app.identity import people, tokens
from app.transaction import transaction
from config import Settings
from dev.accounts import ACCOUNTS

NAME, DAYS = "make token", 30


def mint(who: str, settings: Settings) -> str:
    """A token of that account; its person is the one whom signing in makes. Raises KeyError for an unknown account."""
    account = ACCOUNTS[who]
    with create_app(settings).app_context():
        with transaction():
            user = people.remember(
                db.session,
                issuer=settings.oidc_issuer,
                subject=account.user_id,
                name=account.name,
                email=account.email,
                teams=account.teams,
            )
            token, _ = tokens.mint(db.session, user.id, name=NAME, days=DAYS, now=datetime.now(UTC))
            audit.record(
                db.session.connection(), [Act("system", "token.mint", f"user:{who}", details={"name": NAME, "days": DAYS})]
            )
        db.engine.dispose()
    return token


def main() -> None:
    """Print the token, or exit with a sentence that lists who there is."""
    who = os.environ.get("WHO", "")
    if who not in ACCOUNTS:
        sys.exit(f"Whose token? make -s token WHO=… with one of {', '.join(ACCOUNTS)}")
    print(mint(who, Settings()))


if __name__ == "__main__":
    main()
