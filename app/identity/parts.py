"""What identity needs of an app, made once in `create_app` and found again through the app that serves a request."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

from flask import Flask, current_app

from app.identity.bearer import Rules
from app.identity.keys import KeyRing
from app.identity.oidc import Provider
from app.identity.tickets import Tickets
from app.vault import Vault
from config import Settings

EXTENSION = "identity"


@dataclass(frozen=True, slots=True)
class Parts:
    """The settings, the vault that seals the provider's tokens, the provider with its keys, and one-time tickets."""

    settings: Settings
    vault: Vault
    provider: Provider
    keys: KeyRing = field(repr=False)
    tickets: Tickets = field(repr=False)

    @property
    def rules(self) -> Rules:
        """What an access token of the provider must say."""
        return Rules(self.settings.oidc_issuer, self.settings.oidc_api_audience, self.settings.oidc_client_id)


def install(app: Flask, settings: Settings, vault: Vault) -> None:
    """Make the parts of `app`. Asks nothing of the provider."""
    provider = Provider(app, settings)
    app.extensions[EXTENSION] = Parts(settings, vault, provider, KeyRing(provider.keys), Tickets(settings.redis_url))


def parts() -> Parts:
    """The parts of the app that serves this request."""
    return cast("Parts", current_app.extensions[EXTENSION])


def now() -> datetime:
    """The time, with its zone: the only clock of identity."""
    return datetime.now(UTC)
