"""The people of a development portal: who can sign in at the bundled provider, and for whom `make token` mints."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody of the development cast. `user_id` is the subject that the provider gives them."""

    user_id: str
    name: str
    email: str
    teams: tuple[str, ...]

    def get_user_id(self) -> str:
        """The subject, under the name that Authlib asks for."""
        return self.user_id

    def claims(self, scope: str) -> dict[str, Any]:
        """What the provider says of them for the scopes asked for, space separated."""
        said: Mapping[str, dict[str, Any]] = {
            "profile": {"name": self.name, "preferred_username": self.user_id},
            "email": {"email": self.email, "email_verified": True},
            "groups": {"groups": list(self.teams)},
        }
        return {"sub": self.user_id} | {key: value for word in scope.split() for key, value in said.get(word, {}).items()}


def _account(user_id: str, name: str, *teams: str) -> Account:
    return Account(user_id, name, f"{name.lower()}@example.com", teams)


ACCOUNTS: dict[str, Account] = {
    account.user_id: account
    for account in (
        _account("sarah-123", "Sarah", "customer-experience"),
        _account("bob-456", "Bob", "customer-experience"),
        _account("carol-789", "Carol", "platform-data-team"),
        _account("erin-321", "Erin", "platform-compute-team", "platform-solutions-team"),
        _account("dana-001", "Dana", "stratus-administrators", "platform-operations"),
        _account("mallory-666", "Mallory", "growth"),
    )
}
