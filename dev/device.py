"""Signing in by device code (RFC 8628) at the development provider, on Authlib: for the command line, which has no browser.

What was asked for lives in memory for ten minutes. The client is a public one: a program that everybody can install has no
secret.
"""

# Authlib has no types: to subclass its grants, which is how it is used, is to subclass Any.
# mypy: disallow-subclassing-any=False

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc8628 import DeviceAuthorizationEndpoint, DeviceCodeGrant

from dev.accounts import Account

COMMAND_LINE = "stratus-cli"
GRANT: str = DeviceCodeGrant.GRANT_TYPE
SECONDS = 600
PAUSE_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Program:
    """The client that the command line is."""

    scopes: tuple[str, ...]
    client_id: str = COMMAND_LINE

    def get_client_id(self) -> str:
        """Its id."""
        return self.client_id

    def get_allowed_scope(self, scope: str | None) -> str:
        """What it gets of the scopes it asks for."""
        return " ".join(word for word in (scope or "").split() if word in self.scopes)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:  # noqa: ARG002 - Authlib's protocol
        """It has no secret to show."""
        return method == "none"

    def check_grant_type(self, grant_type: str) -> bool:
        """Device codes only; it makes itself a token of the portal and needs no refreshing."""
        return grant_type == GRANT


@dataclass(slots=True)
class Device:
    """What a program asked for. user_id: who confirmed it, empty when they refused, None so far."""

    client_id: str
    scope: str
    user_code: str
    ends: float
    user_id: str | None = None
    asked: float = 0.0

    def get_client_id(self) -> str:
        """Which program."""
        return self.client_id

    def get_scope(self) -> str:
        """What it asked for."""
        return self.scope

    def get_user_code(self) -> str:
        """What a person types."""
        return self.user_code

    def is_expired(self) -> bool:
        """Whether nobody may confirm it any more."""
        return time.time() > self.ends


class Authorization(DeviceAuthorizationEndpoint):
    """Hands out codes."""

    EXPIRES_IN = SECONDS
    INTERVAL = PAUSE_SECONDS
    CLIENT_AUTH_METHODS = ("none",)

    def get_verification_uri(self) -> str:
        """Where a person types the code."""
        return f"{self.server.house.issuer}/device"

    def save_device_credential(self, client_id: str, scope: str, data: Mapping[str, Any]) -> None:
        """Remember it, and forget those that are over."""
        devices: dict[str, Device] = self.server.house.devices
        for code in [code for code, one in devices.items() if one.is_expired()]:
            devices.pop(code, None)
        devices[data["device_code"]] = Device(client_id, scope or "", data["user_code"], time.time() + SECONDS)


class Grant(DeviceCodeGrant):
    """An access token for a code that somebody has confirmed. A code is good once."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("none",)

    def query_device_credential(self, device_code: str) -> Device | None:
        """What the code stands for."""
        found: Device | None = self.server.house.devices.get(device_code)
        return found

    def query_user_grant(self, user_code: str) -> tuple[Account | None, bool] | None:
        """Who confirmed it, if somebody looked at it; then it is gone."""
        house = self.server.house
        code, found = next((code, one) for code, one in house.devices.items() if one.user_code == user_code)
        if found.user_id is None:
            return None
        house.devices.pop(code, None)
        account = house.accounts.get(found.user_id)
        return account, account is not None

    def should_slow_down(self, credential: Device) -> bool:
        """Whether the program asks more often than it was told to; a tenth of a second late is no hurry."""
        before, credential.asked = credential.asked, time.time()
        return credential.asked - before < PAUSE_SECONDS * 0.9
