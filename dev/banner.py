"""What `make run` prints once the portal is up: where to look, and who can sign in."""

from dev.accounts import ACCOUNTS
from dev.environment import Environment


def ready_text(environment: Environment) -> str:
    """The whole text, several lines."""
    url = environment.public_url
    who = [f"    {account.user_id:<12} {account.name}, {' and '.join(account.teams)}" for account in ACCOUNTS.values()]
    return "\n".join(
        [
            "Stratus is up.",
            f"  portal    {url}",
            f"  API       {url}/api/docs",
            f"  data      {environment.folder.path} (logs in log/)",
            "  a token   make -s token WHO=sarah-123",
            "  sign in as one of these; there are no passwords:",
            *who,
            "Ctrl-C stops everything.",
        ]
    )
